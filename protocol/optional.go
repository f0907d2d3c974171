package protocol

// Optional is a value that may not be given. The zero value is "not given".
type Optional[T any] struct {
	Value T
	Given bool
}

// Some returns a given value.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Given: true} }

// Or returns the value, or other where it is not given.
func (o Optional[T]) Or(other T) T {
	if o.Given {
		return o.Value
	}
	return other
}
