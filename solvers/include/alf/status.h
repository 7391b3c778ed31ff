/* Status codes and error texts of libalf. The library never prints, exits or aborts. */
#ifndef ALF_STATUS_H
#define ALF_STATUS_H

/* One line a code: name, message. The enum and the messages are made from this list, so they agree. */
#define ALF_STATUS_LIST(X)                                                                                             \
  X(ALF_OK, "success")                                                                                                 \
  X(ALF_EINVAL, "invalid argument")                                                                                    \
  X(ALF_ENOMEM, "out of memory")                                                                                       \
  X(ALF_EIO, "input or output failed")                                                                                 \
  X(ALF_EFORMAT, "malformed input")                                                                                    \
  X(ALF_ERANGE, "value leaves the range of the dyadic grid")                                                           \
  X(ALF_EUNSUPPORTED, "instance outside what this solver takes")                                                       \
  X(ALF_ETIMEOUT, "time limit reached")                                                                                \
  X(ALF_ESOLVER, "solver failed")                                                                                      \
  X(ALF_EINTERRUPTED, "interrupted")                                                                                   \
  X(ALF_EEND, "no further batch")                                                                                      \
  X(ALF_EPROGRAM, "another program is missing or failed")

typedef enum alf_status {
#define ALF_STATUS_ENUM(name, message) name,
  ALF_STATUS_LIST(ALF_STATUS_ENUM)
#undef ALF_STATUS_ENUM
} alf_status;

/* What went wrong, in one line without a newline: names the file, the field, the offending value and what was
   expected. */
typedef struct alf_error {
  alf_status code;
  char text[512];
} alf_error;

/* The general message of a status; never NULL, also for values outside the enum. */
const char *alf_status_message(alf_status status);

/* Writes code and text into *err (which may be NULL) and returns code, so that a caller can write
   `return alf_fail(err, ALF_EINVAL, "topk %d: expected 1..%d", k, e - 1);`. Text that is too long is cut. */
alf_status alf_fail(alf_error *err, alf_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* alf_fail for a failed allocation of `bytes` bytes. */
alf_status alf_fail_memory(alf_error *err, unsigned long long bytes);

#endif
