package canon

import "github.com/pylabhub/datahub/blds/schema"

// EncodeUnchecked encodes a schema that may break the rules.
func EncodeUnchecked(s *schema.Schema) ([]byte, error) { return encode(s, true) }
