/* Function multiversioning for hot kernels. They use integer or plain float operations without reassociation, so that
   every version gives the same bits. Off under sanitizers, whose runtime is not up when the resolvers run. */
#ifndef ALF_CORE_HOT_H
#define ALF_CORE_HOT_H

#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ALF_HOT __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ALF_HOT
#endif

/* Inlined whatever the compiler thinks: for the parts of a kernel that is compiled for several instruction sets. */
#define ALF_INLINE static inline __attribute__((always_inline))

#endif
