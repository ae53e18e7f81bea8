package gosrc

import (
	"fmt"
	"go/types"

	"github.com/pylabhub/datahub/blds/schema"
)

// A refusal says why a Go type cannot stand in shared memory.
type refusal struct {
	code   schema.Code
	typ    types.Type // the part of the field's type that is refused
	reason string
	remedy string
}

// A goType is what a Go type means in a schema.
type goType struct {
	schema.TypeDecl
	atomic   bool            // of sync/atomic
	duration bool            // a time.Duration
	record   *types.TypeName // of Code RecordType
	plain    bool            // the element type is the predeclared one, as byte is
}

var basicCodes = map[types.BasicKind]schema.TypeCode{
	types.Uint8: schema.U8, types.Uint16: schema.U16, types.Uint32: schema.U32, types.Uint64: schema.U64,
	types.Int8: schema.I8, types.Int16: schema.I16, types.Int32: schema.I32, types.Int64: schema.I64,
	types.Float32: schema.F32, types.Float64: schema.F64,
}

var atomicCodes = map[string]schema.TypeCode{
	"Int32": schema.I32, "Int64": schema.I64, "Uint32": schema.U32, "Uint64": schema.U64,
}

// typeOf translates a Go type. The type is not known if neither a code nor a
// refusal comes back; the type checker has told why.
func (l *loader) typeOf(t types.Type) (goType, *refusal) {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		code, ok := basicCodes[t.Kind()]
		if !ok {
			return goType{}, refuseBasic(t)
		}
		return goType{TypeDecl: schema.TypeDecl{Code: code}, plain: true}, nil
	case *types.Array:
		if t.Len() == 0 {
			return goType{}, &refusal{schema.CodeGoZeroLength, t, "an array of length zero has no bytes", "give it a length, or remove the field"}
		}
		g, ref := l.typeOf(t.Elem())
		if ref != nil || g.Code == 0 || t.Len() < 0 {
			return goType{}, ref
		}
		g.Dims = append([]uint64{uint64(t.Len())}, g.Dims...)
		return g, nil
	case *types.Named:
		return l.namedType(t)
	case *types.Struct:
		return goType{}, &refusal{schema.CodeGoUnnamed, t, "a record needs a name", "declare a named struct type and use it here"}
	case *types.TypeParam:
		return goType{}, generic(t)
	}
	return goType{}, reference(t)
}

func (l *loader) namedType(t *types.Named) (goType, *refusal) {
	obj := t.Obj()
	path := ""
	if obj.Pkg() != nil {
		path = obj.Pkg().Path()
	}
	switch {
	case path == "time" && obj.Name() == "Time":
		return goType{}, &refusal{schema.CodeGoTime, t, "it points to a time zone in the memory of one process", "use int64 with the tag `blds:\"timestamp=ns\"`"}
	case path == "time" && obj.Name() == "Duration":
		return goType{TypeDecl: schema.TypeDecl{Code: schema.I64}, duration: true}, nil
	case path == fixedPath && obj.Name() == "Bool":
		return goType{TypeDecl: schema.TypeDecl{Code: schema.Bool}}, nil
	case path == "sync/atomic":
		return atomicType(t)
	case path == "structs" && obj.Name() == "HostLayout":
		return goType{}, &refusal{schema.CodeGoHostLayout, t, "it has no bytes and only means something as the first field", "make it the first field, or remove it"}
	case t.TypeParams().Len() > 0:
		return goType{}, generic(t)
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		g, ref := l.typeOf(u)
		if ref != nil {
			ref.typ = t
			return g, ref
		}
		g.plain = false
		if g.Code.IsInt() {
			g.Enum = l.enum(obj)
		}
		return g, nil
	case *types.Struct:
		return goType{TypeDecl: schema.TypeDecl{Code: schema.RecordType}, record: obj}, nil
	case *types.Array:
		return l.typeOf(u)
	}
	return goType{}, reference(t)
}

func atomicType(t *types.Named) (goType, *refusal) {
	name := t.Obj().Name()
	if code, ok := atomicCodes[name]; ok {
		return goType{TypeDecl: schema.TypeDecl{Code: code}, atomic: true}, nil
	}
	remedy := map[string]string{
		"Bool": "use atomic.Uint32, zero for false", "Uintptr": "use atomic.Uint64",
	}[name]
	if remedy == "" {
		remedy = "use atomic.Uint64 with an index into an array"
	}
	return goType{}, &refusal{schema.CodeGoAtomic, t, "shared atomics are 32 or 64-bit integers", remedy}
}

func generic(t types.Type) *refusal {
	return &refusal{schema.CodeGoGeneric, t, "a type with type parameters has no layout of its own", "declare a struct for each type that is needed"}
}

const ofOneProcess = "it points into the memory of one process"

// refuseBasic refuses a predeclared type; nil for one that is not known.
func refuseBasic(t *types.Basic) *refusal {
	switch t.Kind() {
	case types.Int:
		return &refusal{schema.CodePlatformInt, t, "its width depends on the CPU", "use int64 or int32"}
	case types.Uint:
		return &refusal{schema.CodePlatformInt, t, "its width depends on the CPU", "use uint64 or uint32"}
	case types.Uintptr:
		return &refusal{schema.CodePlatformInt, t, "its width depends on the CPU", "use uint64"}
	case types.Bool:
		return &refusal{schema.CodeGoBool, t, "a byte of 2, stored by another process, would make it both true and false",
			"use fixed.Bool of " + fixedPath}
	case types.String:
		return &refusal{schema.CodeGoString, t, ofOneProcess, "use an array like [16]byte with the tag `blds:\"string\"`"}
	case types.Complex64:
		return &refusal{schema.CodeGoComplex, t, "schemas have no complex numbers", "use [2]float32"}
	case types.Complex128:
		return &refusal{schema.CodeGoComplex, t, "schemas have no complex numbers", "use [2]float64"}
	case types.UnsafePointer:
		return reference(t)
	}
	return nil
}

// reference refuses what leads out of the record.
func reference(t types.Type) *refusal {
	r := &refusal{code: schema.CodeGoReference, typ: t, reason: ofOneProcess}
	switch u := t.Underlying().(type) {
	case *types.Slice:
		r.remedy = "use an array of the largest length, and a uint32 field that counts the elements in use"
		if b, ok := u.Elem().Underlying().(*types.Basic); ok && b.Kind() == types.Uint8 {
			r.remedy = "use an array like [64]byte with the tag `blds:\"bytes,len=Field\"`, and a uint32 field for the length"
		}
	case *types.Map:
		r.remedy = "use an array of records with a key and a value"
	case *types.Pointer:
		r.remedy = "use the value itself, or an index into an array"
		if named, ok := types.Unalias(u.Elem()).(*types.Named); ok && named.Obj().Pkg() != nil {
			r.remedy = fmt.Sprintf("use %s itself, or an index into an array", named.Obj().Name())
		}
	case *types.Interface:
		r.remedy = "use one field for each kind of value, and an enum that tells which one is meant"
	case *types.Chan:
		r.reason, r.remedy = "it means nothing in another process", "remove it: the block itself is the channel"
	case *types.Signature:
		r.reason, r.remedy = "it means nothing in another process", "use an enum that names what to do"
	default:
		r.remedy = "use uint64 with an offset or an index"
	}
	return r
}
