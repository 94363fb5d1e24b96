/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a generated scheme file needs: the primitives, the schedule points round them, and the
 * table by which the runner finds its functions and objects.
 */
#ifndef SEVVIZ_RUNNER_H
#define SEVVIZ_RUNNER_H

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>

struct kvm;

typedef int (*sevviz_function)(void **vms);

enum sevviz_kind { SEVVIZ_MUTEX, SEVVIZ_SPINLOCK, SEVVIZ_ATOMIC, SEVVIZ_PLAIN, SEVVIZ_BOOL };

/* A lock or field: of each VM at `offset`, or at file scope at `address`. */
struct sevviz_object {
	const char *name;
	enum sevviz_kind kind;
	size_t offset;
	void *address;
};

/* A function that a task can call. */
struct sevviz_call {
	const char *name;
	int vms;
	sevviz_function function;
};

struct sevviz_scheme {
	const char *name;
	size_t size;			/* of a VM */
	void (*make)(void *vm);		/* initialises a VM; with NULL, the file-scope locks */
	const struct sevviz_object *objects;
	int nr_objects;
	const struct sevviz_call *calls;
	int nr_calls;
};

/* The schedule point: the task waits here for its turn to take the step that `where` (line:column) names. */
void sevviz_before(const char *where, const char *primitive, const volatile void *object);
void sevviz_after(long result);
void sevviz_enter(const void *dst, const void *src);
void sevviz_leave(const void *dst, const void *src);

/* Asked by lockdep about locks that a scheme's header calls ordered: below 0 where the outer one has the lower address. */
static inline int sevviz_address_order(const struct lockdep_map *outer, const struct lockdep_map *inner)
{
	return outer < inner ? -1 : outer > inner;
}

/*
 * A spinlock that nobody initialised is zeros, which is a free one on several CPUs. On one CPU with DEBUG_SPINLOCK,
 * zeros are a taken one, though spin_trylock() alone looks (asm-generic spinlock_up.h): there it is made free.
 */
#if !defined(CONFIG_SMP) && defined(CONFIG_DEBUG_SPINLOCK)
#define SEVVIZ_ZEROS(lock) ((void)((lock)->rlock.raw_lock.slock = 1))
#else
#define SEVVIZ_ZEROS(lock) ((void)(lock))
#endif

/*
 * Linux 6.16 has this function, 6.12 has not. Lockdep is told what that one tells it, and the mutex is then taken
 * behind its back: first might_sleep(), then the nest lock, as in __mutex_lock_common().
 */
#ifdef CONFIG_DEBUG_LOCK_ALLOC
static __always_inline int sevviz_killable_nest_lock(struct mutex *lock, struct lockdep_map *nest)
{
	int ret;

	might_sleep();
	mutex_acquire_nest(&lock->dep_map, 0, 0, nest, _THIS_IP_);
	lock_is_held(&lock->dep_map);	/* looks through the list, as the scheduler does for who has to wait */
	lockdep_off();
	ret = mutex_lock_killable(lock);
	lockdep_on();
	if (ret)
		mutex_release(&lock->dep_map, _THIS_IP_);
	return ret;
}
#define mutex_lock_killable_nest_lock(lock, nest_lock) sevviz_killable_nest_lock(lock, &(nest_lock)->dep_map)
#else
#define mutex_lock_killable_nest_lock(lock, nest_lock) ((void)(nest_lock), mutex_lock_killable(lock))
#endif

/*
 * Without lock checks, one CPU has no spinlocks, and a trylock never fails. It is asked for where another task stands
 * still inside such a lock, as if on another CPU: there it fails as it would on that one.
 */
#if !defined(CONFIG_SMP) && !defined(CONFIG_DEBUG_SPINLOCK)
bool sevviz_taken(spinlock_t *lock);
static inline int sevviz_trylock(spinlock_t *lock)
{
	return !sevviz_taken(lock) && spin_trylock(lock);
}
#undef spin_trylock
#define spin_trylock(lock) sevviz_trylock(lock)
#endif

/* __auto_type names are not visible in their own initialiser, so these nest. Arguments come first: a turn is one step. */
#define SEVVIZ_VOID_(where, name, object, call) \
	({ sevviz_before(where, #name, object); call; sevviz_after(0); })
#define SEVVIZ_VALUE_(where, name, object, call)			\
	({								\
		sevviz_before(where, #name, object);			\
		__auto_type sevviz_result = (call);			\
		sevviz_after(sevviz_result);				\
		sevviz_result;						\
	})

#define SEVVIZ_VOID0(where, name) SEVVIZ_VOID_(where, name, NULL, name())
#define SEVVIZ_VALUE0(where, name) SEVVIZ_VALUE_(where, name, NULL, name())

#define SEVVIZ_CALL_VOID1(where, name, a) \
	({ __auto_type sevviz_0 = (a); SEVVIZ_VOID_(where, name, sevviz_0, name(sevviz_0)); })
#define SEVVIZ_CALL_VOID2(where, name, a, b)						\
	({ __auto_type sevviz_0 = (a); __auto_type sevviz_1 = (b);			\
	   SEVVIZ_VOID_(where, name, sevviz_0, name(sevviz_0, sevviz_1)); })
#define SEVVIZ_CALL_VALUE1(where, name, a) \
	({ __auto_type sevviz_0 = (a); SEVVIZ_VALUE_(where, name, sevviz_0, name(sevviz_0)); })
#define SEVVIZ_CALL_VALUE2(where, name, a, b)						\
	({ __auto_type sevviz_0 = (a); __auto_type sevviz_1 = (b);			\
	   SEVVIZ_VALUE_(where, name, sevviz_0, name(sevviz_0, sevviz_1)); })
#define SEVVIZ_CALL_VALUE3(where, name, a, b, c)					\
	({ __auto_type sevviz_0 = (a); __auto_type sevviz_1 = (b); __auto_type sevviz_2 = (c); \
	   SEVVIZ_VALUE_(where, name, sevviz_0, name(sevviz_0, sevviz_1, sevviz_2)); })

/* READ_ONCE() and WRITE_ONCE() take the field itself. */
#define SEVVIZ_NAME_VALUE1(where, name, a) \
	({ __auto_type sevviz_0 = &(a); SEVVIZ_VALUE_(where, name, sevviz_0, name(*sevviz_0)); })
#define SEVVIZ_NAME_VOID2(where, name, a, b)						\
	({ __auto_type sevviz_0 = &(a); __auto_type sevviz_1 = (b);			\
	   SEVVIZ_VOID_(where, name, sevviz_0, name(*sevviz_0, sevviz_1)); })

/* Plain reads and writes of shared fields. What is written has the value that the field can hold: a bool 0 or 1. */
#define SEVVIZ_READ(where, place) \
	({ __auto_type sevviz_0 = &(place); SEVVIZ_VALUE_(where, read, sevviz_0, *sevviz_0); })
#define SEVVIZ_WRITE(where, place, value)						\
	({ __auto_type sevviz_0 = &(place); __auto_type sevviz_1 = (value);		\
	   SEVVIZ_VOID_(where, write, sevviz_0, *sevviz_0 = sevviz_1); (typeof(*sevviz_0))sevviz_1; })
#define SEVVIZ_UPDATE(from, to, place, operator, value)					\
	({ __auto_type sevviz_0 = &(place);						\
	   __auto_type sevviz_old = SEVVIZ_VALUE_(from, read, sevviz_0, *sevviz_0);	\
	   __auto_type sevviz_new = sevviz_old operator (value);			\
	   SEVVIZ_VOID_(to, write, sevviz_0, *sevviz_0 = sevviz_new); (typeof(*sevviz_0))sevviz_new; })
#define SEVVIZ_PRE(from, to, place, operator) SEVVIZ_UPDATE(from, to, place, operator, 1)
#define SEVVIZ_POST(from, to, place, operator)						\
	({ __auto_type sevviz_0 = &(place);						\
	   __auto_type sevviz_old = SEVVIZ_VALUE_(from, read, sevviz_0, *sevviz_0);	\
	   SEVVIZ_VOID_(to, write, sevviz_0, *sevviz_0 = sevviz_old operator 1); sevviz_old; })

/* The work that both locks protect: its entry and its exit. */
#define SEVVIZ_MIGRATE(where, a, b)							\
	({ __auto_type sevviz_0 = (a); __auto_type sevviz_1 = (b);			\
	   sevviz_before(where, "enter", NULL); sevviz_enter(sevviz_0, sevviz_1); sevviz_after(0);	\
	   sevviz_before(where, "leave", NULL); sevviz_leave(sevviz_0, sevviz_1); sevviz_after(0);	\
	   0; })

#endif
