package phone

// Companding by the segment formulas of ITU-T G.711, evaluated per sample:
// slow, short and independent of any table.

const (
	ulawBias = 0x84
	ulawClip = 32635
)

func ulawEncode(s int16) byte {
	v := int(s)
	var sign byte
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, ulawClip) + ulawBias
	exp := 7
	for mask := 0x4000; exp > 0 && v&mask == 0; mask >>= 1 {
		exp--
	}
	return ^(sign | byte(exp<<4) | byte(v>>(exp+3)&0x0f))
}

func ulawDecode(b byte) int16 {
	b = ^b
	exp := int(b >> 4 & 7)
	v := (int(b&0x0f)<<3+ulawBias)<<exp - ulawBias
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

func alawEncode(s int16) byte {
	v := int(s)
	sign := byte(0x80)
	if v < 0 {
		v, sign = -v-1, 0
	}
	v >>= 4 // 12 bits of magnitude
	exp := 0
	for v>>exp > 0x1f {
		exp++
	}
	var code byte
	if v < 0x10 {
		code = byte(v)
	} else {
		code = byte(exp+1)<<4 | byte(v>>exp&0x0f)
	}
	return (sign | code) ^ 0x55
}

func alawDecode(b byte) int16 {
	b ^= 0x55
	exp := int(b >> 4 & 7)
	v := int(b&0x0f)<<4 + 8
	if exp > 0 {
		v = (v + 0x100) << (exp - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}

// encode compands samples for a static payload type: 8 is A-law, any other
// value µ-law.
func encode(dst []byte, samples []int16, alaw bool) {
	for i, s := range samples {
		if alaw {
			dst[i] = alawEncode(s)
		} else {
			dst[i] = ulawEncode(s)
		}
	}
}

func decode(payload []byte, alaw bool) []int16 {
	out := make([]int16, len(payload))
	for i, b := range payload {
		if alaw {
			out[i] = alawDecode(b)
		} else {
			out[i] = ulawDecode(b)
		}
	}
	return out
}
