/* The pace of this machine at this moment, to compare times by. */
#ifndef ALF_MEASURE_PACE_H
#define ALF_MEASURE_PACE_H

/* A fixed piece of integer work, a chain of two million dependent multiplications: some milliseconds. */
void alf_pace_work(void);

/* Processor seconds of another one, four million multiplications that do not wait for each other: some milliseconds. */
double alf_pace_seconds(void);

/* Processor seconds of all threads of this process so far. */
double alf_processor_seconds(void);

#endif
