package jsonscan

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func (r *Reader) word(w string) error {
	if !strings.HasPrefix(r.text[r.pos:], w) {
		return r.errorf(r.pos, "want "+w)
	}
	r.pos += len(w)
	return nil
}

// Bool reads true or false.
func (r *Reader) Bool() (bool, error) {
	switch r.Kind() {
	case Null:
		return false, r.word("null")
	case Bool:
		if r.text[r.pos] == 't' {
			return true, r.word("true")
		}
		return false, r.word("false")
	}
	return false, r.want("a boolean")
}

// String reads a string.
func (r *Reader) String() (string, error) {
	switch r.Kind() {
	case String:
		s, err := r.str()
		return r.Own(s), err
	case Null:
		return "", r.word("null")
	}
	return "", r.want("a string")
}

// Text reads a string, or a number or boolean as it is written: many senders
// quote what others do not.
func (r *Reader) Text() (string, error) {
	switch r.Kind() {
	case Number:
		s, err := r.number()
		return r.Own(s), err
	case Bool:
		b, err := r.Bool()
		return strconv.FormatBool(b), err
	}
	return r.String()
}

// Int reads a whole number of at most 64 bits.
func (r *Reader) Int() (int64, error) {
	s, at, err := r.numberOrNull()
	if err != nil || s == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, r.errorf(at, s+" is not a whole number of 64 bits")
	}
	return n, nil
}

// Float reads a number.
func (r *Reader) Float() (float64, error) {
	s, at, err := r.numberOrNull()
	if err != nil || s == "" {
		return 0, err
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, r.errorf(at, s+" is too large a number")
	}
	return f, nil
}

func (r *Reader) numberOrNull() (s string, at int, err error) {
	switch r.Kind() {
	case Number:
		at = r.pos
		s, err = r.number()
		return s, at, err
	case Null:
		return "", r.pos, r.word("null")
	}
	return "", r.pos, r.want("a number")
}

// number passes -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (r *Reader) number() (string, error) {
	at, t := r.pos, r.text
	i := at
	digits := func() bool {
		from := i
		for i < len(t) && t[i] >= '0' && t[i] <= '9' {
			i++
		}
		return i > from
	}
	if t[i] == '-' {
		i++
	}
	ok := true
	if i < len(t) && t[i] == '0' {
		i++
	} else {
		ok = digits()
	}
	if ok && i < len(t) && t[i] == '.' {
		i++
		ok = digits()
	}
	if ok && i < len(t) && (t[i] == 'e' || t[i] == 'E') {
		if i++; i < len(t) && (t[i] == '+' || t[i] == '-') {
			i++
		}
		ok = digits()
	}
	if !ok {
		return "", r.errorf(i, "broken number")
	}
	r.pos = i
	return t[at:i], nil
}

// rawString passes a string and returns what is between the quotes; plain says
// that it holds no escape and no byte outside ASCII.
func (r *Reader) rawString() (s string, plain bool, err error) {
	t := r.text
	from := r.pos + 1
	plain = true
	for i := from; i < len(t); i++ {
		c := t[i]
		if c == '"' {
			r.pos = i + 1
			return t[from:i], plain, nil
		}
		if c >= ' ' && c < utf8.RuneSelf && c != '\\' {
			continue
		}
		if c < ' ' {
			return "", false, r.errorf(i, "control character in a string")
		}
		plain = false
		if c == '\\' {
			n := escapeLen(t[i:])
			if n == 0 {
				return "", false, r.errorf(i, "broken escape in a string")
			}
			i += n - 1
		}
	}
	return "", false, r.errorf(len(t), "string without an end")
}

func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if hex4(s) >= 0 {
			return 6
		}
	}
	return 0
}

// hex4 returns the value of \uXXXX at the start of s, or -1.
func hex4(s string) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	var v rune
	for i := 2; i < 6; i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		v = v<<4 | rune(c)
	}
	return v
}

// str reads a string; the result may share the text's memory.
func (r *Reader) str() (string, error) {
	s, plain, err := r.rawString()
	if err != nil || plain {
		return s, err
	}
	if strings.IndexByte(s, '\\') < 0 && utf8.ValidString(s) {
		return s, nil
	}
	return unescape(s), nil
}

var shortEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape decodes what rawString has checked.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\\' && s[i+1] != 'u':
			b = append(b, shortEscapes[s[i+1]])
			i += 2
		case c == '\\':
			v := hex4(s[i:])
			i += 6
			if utf16.IsSurrogate(v) {
				if pair := utf16.DecodeRune(v, hex4(s[i:])); pair != utf8.RuneError {
					i += 6
					v = pair
				} else {
					v = utf8.RuneError
				}
			}
			b = utf8.AppendRune(b, v)
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			v, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, v)
			i += n
		}
	}
	return string(b)
}
