/* 128-bit integers: sums of dyadic products, exact for every batch that fits in memory. */
#ifndef ALF_INT128_H
#define ALF_INT128_H

__extension__ typedef __int128 alf_int128;

/* value · 2^-grid_bits / divisor, correctly signed and exactly 0 only for 0 (one rounding of about 1e-16 relative). */
double alf_int128_to_double(alf_int128 value, int grid_bits, double divisor);

#endif
