package g722

// The numbers of ITU-T G.722 (09/2012). Names are those of the recommendation
// where it has one.

// qmf are the coefficients of the quadrature mirror filters (table 4).
var qmf = [taps]int32{
	3, -11, -11, 53, 12, -156, 32, 362, -210, -805, 951, 3876,
	3876, 951, -805, -210, 362, 32, -156, 12, 53, -11, -11, 3,
}

// q6 are the decision levels of the 6-bit quantiser of the lower band for a
// positive difference at DET = 1 << 15 (table 14): interval i begins at q6[i].
var q6 = [30]int32{
	0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650,
	714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
}

// qm4 are the output values of the inverse quantiser of the lower band by the
// four upper bits of its code (table 16), which is all that adapts it.
var qm4 = [16]int32{
	0, -20456, -12896, -8968, -6288, -4240, -2584, -1200,
	20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
}

// qm6 are the output values of the inverse quantiser of the lower band by the
// whole code (table 18). Codes 0 to 3 are never sent at 64 kbit/s.
var qm6 = [64]int32{
	-136, -136, -136, -136, -24808, -21904, -19008, -16704,
	-14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
	-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576,
	-3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
	24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192,
	10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
	4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032,
	1688, 1360, 1040, 728, 432, 136, -432, -136,
}

// wl are the logarithmic multipliers of the lower band by the four upper bits of
// its code (tables 16 and 20, put together).
var wl = [16]int32{
	-60, 3042, 1198, 538, 334, 172, 58, -30,
	3042, 1198, 538, 334, 172, 58, -30, -60,
}

// qm2 and wh are the same of the upper band (tables 19 and 21).
var (
	qm2 = [4]int32{-7408, -1616, 7408, 1616}
	wh  = [4]int32{798, -214, 798, -214}
)

// highLevel is the one decision level of the upper band (table 17).
const highLevel = 564

// ilb is the inverse of the logarithm with 32 steps to an octave (table 15).
var ilb = [32]int32{
	2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
	2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
}
