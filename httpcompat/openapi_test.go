package httpcompat

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schema is what is looked at of a schema in openapi.json.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Properties map[string]*schema
	Additional any `json:"additionalProperties"`
	Items      *schema
	OneOf      []*schema
	Required   []string
}

type apiDescription struct {
	Paths      map[string]map[string]apiOperation
	Components struct{ Schemas map[string]*schema }
}

type apiOperation struct {
	OperationID string
	Parameters  []struct{ Name, In string }
	RequestBody *struct {
		Content map[string]struct{ Schema *schema }
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema *schema }
	}
}

func readDescription(t *testing.T) *apiDescription {
	t.Helper()
	var d apiDescription
	if err := json.Unmarshal(description, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

func TestTheDescriptionListsWhatIsServed(t *testing.T) {
	var served, described []string
	for _, r := range routes {
		served = append(served, r.method+" "+r.path+" "+r.operation)
	}
	for path, operations := range readDescription(t).Paths {
		for method, o := range operations {
			described = append(described, strings.ToUpper(method)+" "+path+" "+o.OperationID)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("served -, described in openapi.json +:\n%s", diff)
	}
}

func TestTheDescriptionHasTheFieldsThatAreRead(t *testing.T) {
	schemas := readDescription(t).Components.Schemas
	for name, fields := range map[string]fieldSet{
		"SnapshotQuery": snapshotFields, "PeriodQuery": periodFields, "RecentQuery": recentFields,
		"SelectSnapshotQuery": selectSnapshotFields, "SelectPeriodQuery": selectPeriodFields, "SearchQuery": searchFields,
	} {
		read := slices.Sorted(maps.Keys(fields))
		described := slices.Sorted(maps.Keys(schemas[name].Properties))
		if diff := cmp.Diff(read, described); diff != "" {
			t.Errorf("%s: read -, described +:\n%s", name, diff)
		}
	}
}

func TestEveryOperationDescribesItsRateLimitAndBody(t *testing.T) {
	d := readDescription(t)
	for _, r := range routes {
		o := d.Paths[r.path][strings.ToLower(r.method)]
		if _, limits := o.Responses["429"]; limits != (r.group != unlimited) {
			t.Errorf("%s %s: describes 429: %v, is limited: %v", r.method, r.path, limits, r.group != unlimited)
		}
		parameter := slices.ContainsFunc(o.Parameters, func(p struct{ Name, In string }) bool { return p.In == "path" })
		if parameter != strings.HasSuffix(r.path, subjectParameter) {
			t.Errorf("%s %s: describes a parameter in the path: %v", r.method, r.path, parameter)
		}
	}
}

// fits tells why a JSON value is not what a schema says, or "".
func (d *apiDescription) fits(v any, s *schema, where string) string {
	if s.Ref != "" {
		return d.fits(v, d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")], where)
	}
	if len(s.OneOf) > 0 {
		var whys []string
		for _, one := range s.OneOf {
			why := d.fits(v, one, where)
			if why == "" {
				return ""
			}
			whys = append(whys, why)
		}
		return strings.Join(whys, "; or ")
	}
	switch v := v.(type) {
	case map[string]any:
		return d.fitsObject(v, s, where)
	case []any:
		if s.Items == nil {
			return where + " is a list"
		}
		for i, item := range v {
			if why := d.fits(item, s.Items, fmt.Sprintf("%s[%d]", where, i)); why != "" {
				return why
			}
		}
		return ""
	}
	kind := map[string]string{"string": "string", "float64": "number", "bool": "boolean", "<nil>": "null"}[fmt.Sprintf("%T", v)]
	types := fmt.Sprint(s.Type)
	if kind == "number" && strings.Contains(types, "integer") || strings.Contains(types, kind) {
		return ""
	}
	return fmt.Sprintf("%s is a %s, described as %s", where, kind, types)
}

func (d *apiDescription) fitsObject(v map[string]any, s *schema, where string) string {
	if s.Type != "object" {
		return where + " is an object"
	}
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			return where + " lacks " + name
		}
	}
	for name, value := range v {
		property := s.Properties[name]
		if property == nil && s.Additional != nil {
			property = &schema{}
			text, err := json.Marshal(s.Additional)
			if err == nil {
				err = json.Unmarshal(text, property)
			}
			if err != nil {
				return err.Error()
			}
		}
		if property == nil {
			if len(s.Properties) == 0 || where == "answer of stats" {
				continue // described as any object; figures may be more than those described
			}
			return where + " has " + name + ", which is not described"
		}
		if why := d.fits(value, property, where+"."+name); why != "" {
			return why
		}
	}
	return ""
}
