package syntax

import (
	"cmp"
	"slices"

	"github.com/pylabhub/datahub/blds/schema"
)

// A policySpec is one policy of a channel.
type policySpec struct {
	key   string
	words func() []string // what it can be, nil for a number or a type
	min   uint64          // of a number
}

// Policies in the order of docs/language.md.
var policyTable = [...]policySpec{
	{key: "policy", words: schema.PolicyWords},
	{key: "sync", words: schema.SyncWords},
	{key: "capacity", min: 1},
	{key: "consumers", min: 1},
	{key: "page", min: 1},
	{key: "flex"},
	{key: "flex_mode", words: schema.FlexModeWords},
	{key: "checksum", words: schema.ChecksumWords},
	{key: "checksum_type", words: schema.ChecksumTypeWords},
	{key: "timestamp", words: func() []string { return []string{"on", "off"} }},
	{key: "spinlocks"},
}

// channels gives the schemas of the file their channels. One with a problem is
// left out, so that layout does not miss what could not be understood.
func (w *lowerer) channels() {
	first := map[*schema.SchemaDecl]*Channel(nil)
	for _, d := range w.u.ast.Decls {
		c, ok := d.(*Channel)
		if !ok {
			continue
		}
		s := w.channelSchema(c)
		if s == nil {
			continue
		}
		if first[s] != nil {
			note(w.problem(schema.CodeChannelTwice, c.Name.Pos, "remove one of them", "schema %s has two channels", quote(c.Name.Text)),
				first[s].Name.Pos, "the first is here")
			continue
		}
		if first == nil {
			first = map[*schema.SchemaDecl]*Channel{}
		}
		first[s] = c
		before := len(w.u.ps.list)
		s.Channel = &schema.Channel{Pos: c.Name.Pos}
		w.policies(c, s)
		if len(w.u.ps.list) != before {
			s.Channel = nil
		}
	}
}

// channelSchema returns the schema that a channel is declared for.
func (w *lowerer) channelSchema(c *Channel) *schema.SchemaDecl {
	switch t := w.u.types[c.Name.Text].(type) {
	case *schema.SchemaDecl:
		return t
	case *schema.RecordDecl:
		note(w.problem(schema.CodeChannelSchema, c.Name.Pos, "declare it as schema "+c.Name.Text+" version 1.0.0",
			"%s is a record: only a schema has a channel", quote(c.Name.Text)), t.Pos, "it is declared here")
		return nil
	case *schema.Enum:
		w.problem(schema.CodeChannelSchema, c.Name.Pos, "name a schema of this file",
			"%s is an enum: only a schema has a channel", quote(c.Name.Text))
		return nil
	}
	var names []string
	for _, s := range w.u.info.Schemas {
		names = append(names, s.Record.Name)
	}
	w.problem(schema.CodeChannelSchema, c.Name.Pos, didYouMean(c.Name.Text, names, "name a schema of this file"),
		"channel of %s, which is no schema of this file", quote(c.Name.Text))
	return nil
}

func (w *lowerer) policies(c *Channel, s *schema.SchemaDecl) {
	var seen [len(policyTable)]*Policy
	sc := &scope{u: w.u}
	for _, p := range c.Policies {
		n := slices.IndexFunc(policyTable[:], func(s policySpec) bool { return s.key == p.Key.Text })
		if n < 0 {
			keys := make([]string, len(policyTable))
			for i := range keys {
				keys[i] = policyTable[i].key
			}
			w.problem(schema.CodeUnknownPolicy, p.Key.Pos, didYouMean(p.Key.Text, keys, "use "+oneOf(keys)),
				"unknown policy %s", quote(p.Key.Text))
			continue
		}
		if seen[n] != nil {
			note(w.problem(schema.CodePolicyTwice, p.Key.Pos, "remove one of them", "policy %s is given twice", quote(p.Key.Text)),
				seen[n].Key.Pos, "it is given here first")
			continue
		}
		seen[n] = p
		w.policy(&policyTable[n], p, sc, s)
	}
}

func (w *lowerer) policy(spec *policySpec, p *Policy, sc *scope, s *schema.SchemaDecl) {
	c := s.Channel
	e := p.Value
	if spec.words != nil {
		w.policyWord(spec, e, c)
		return
	}
	if spec.key == "flex" {
		if e.Kind != NameExpr {
			w.problem(schema.CodePolicyValue, e.Pos, "name a schema of this file without a channel",
				"policy flex needs the name of a schema, found %s", describe(e))
			return
		}
		c.FlexName = e.Text
		s.Flex, _ = w.u.findType(e.Text).(*schema.SchemaDecl) // layout reports if there is none
		return
	}
	n, ok := w.l.size(sc, e, maxUint32, spec.key)
	if ok && n < spec.min {
		w.problem(schema.CodePolicyValue, e.Pos, "use a number from 1", "policy %s of 0 is not possible", spec.key)
		return
	}
	switch spec.key {
	case "capacity":
		c.Capacity = uint32(n)
	case "consumers":
		c.Consumers = uint32(n)
	case "page":
		c.PageSize = uint32(n)
	case "spinlocks":
		c.Spinlocks = uint32(n)
	}
}

func (w *lowerer) policyWord(spec *policySpec, e *Expr, c *schema.Channel) {
	words := spec.words()
	if e.Kind != NameExpr || !slices.Contains(words, e.Text) {
		remedy := "use " + oneOf(words)
		if e.Kind == NameExpr {
			remedy = didYouMean(e.Text, words, remedy)
		}
		w.problem(schema.CodePolicyValue, e.Pos, remedy, "policy %s cannot be %s", spec.key, describe(e))
		return
	}
	switch spec.key {
	case "policy":
		c.Policy, _ = schema.ParsePolicy(e.Text)
	case "sync":
		c.Sync, _ = schema.ParseSync(e.Text)
	case "flex_mode":
		c.FlexMode, _ = schema.ParseFlexMode(e.Text)
	case "checksum":
		c.Checksum, _ = schema.ParseChecksum(e.Text)
	case "checksum_type":
		c.ChecksumType, _ = schema.ParseChecksumType(e.Text)
	case "timestamp":
		c.Timestamp = e.Text == "on"
	}
}

func sortPackages(pkgs []*schema.Package) {
	slices.SortFunc(pkgs, func(a, b *schema.Package) int { return cmp.Compare(a.Namespace, b.Namespace) })
}
