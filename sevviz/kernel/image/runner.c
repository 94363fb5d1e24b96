// SPDX-License-Identifier: GPL-2.0
/*
 * Runs one scheme at one interleaving, step by step, then powers off: one boot is one run.
 *
 * Every task is a kthread that stops at a schedule point in front of each step. The driver (the
 * initcall) reads `script`, a list of turns: "2" lets task 2 take its step, "2!" sends it SIGKILL,
 * and "1!+2!+1" does such things at once, before anybody moves: then task 1 takes a step as soon as
 * it comes to it. After each turn the driver waits until nothing moves any more, and says which
 * tasks are asleep inside a primitive. What is printed is read by sevviz/kernel/boot.py.
 *
 * At a schedule point in atomic context a task keeps its CPU, busy, where it has one of its own
 * (SMP). On one CPU the preempt count is put aside and put back before the step: the task stands
 * still as if on another CPU, and every primitive runs with the count that its caller gave it. A
 * spinlock that is taken would make the one CPU spin for ever, so on UP such a step is not begun,
 * and the runner says "spin".
 */
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "runner.h"

extern const struct sevviz_scheme *const sevviz_schemes[];

static char *scheme = "";
module_param(scheme, charp, 0);
static char *vms = "";		/* names of the VMs in address order: "A,B" */
module_param(vms, charp, 0);
static char *tasks = "";	/* "migrate(B,A)/migrate(A,B)"; several calls of a task: "...;..." */
module_param(tasks, charp, 0);
static char *initial = "";	/* "A.svm.sev_info.migration_in_progress=1,..." */
module_param(initial, charp, 0);
static char *script = "";	/* turns: "1,2,2!,1" */
module_param(script, charp, 0);
static int retry;		/* attempts after -EBUSY; -1: for ever */
module_param(retry, int, 0);
static int hung_seconds = 25;	/* how long to leave waiters to the kernel's detectors */
module_param(hung_seconds, int, 0);
static int cpus;		/* SMP: how many CPUs the tasks share; 0: one for each task */
module_param(cpus, int, 0);

#define MAX_VMS 26
#define MAX_TASKS 16
#define MAX_CALLS 4
#define MAX_SPINLOCKS 64

enum phase { STARTING, PARKED, INSIDE, FINISHED };

struct call {
	const struct sevviz_call *what;
	void *vms[4];
};

struct task {
	int number;			/* from 1 */
	struct task_struct *thread;
	struct call calls[MAX_CALLS];
	int nr_calls;
	enum phase phase;
	int go;				/* steps that it may take */
	bool spins;			/* SMP: seen to run on inside a primitive */
	const char *where, *primitive;
	void *object;
	void *inside[2];		/* the VMs it works on */
};

static const struct sevviz_scheme *chosen;
static char *vm_names[MAX_VMS];
static char *memory;			/* all VMs, one after the other */
static int nr_vms;
static struct task all[MAX_TASKS];
static int nr_tasks;

/* UP spinlocks do not know their holder, so the runner remembers it. */
static struct {
	void *lock;
	int holder;
} spinlocks[MAX_SPINLOCKS];

static int *spin_holder(void *lock)
{
	int i;

	for (i = 0; i < MAX_SPINLOCKS - 1 && spinlocks[i].lock && spinlocks[i].lock != lock; i++)
		;
	spinlocks[i].lock = lock;
	return &spinlocks[i].holder;
}

#if !defined(CONFIG_SMP) && !defined(CONFIG_DEBUG_SPINLOCK)
bool sevviz_taken(spinlock_t *lock)
{
	return *spin_holder(lock) != 0;
}
#endif

/* ---- names and values of objects ---- */

static const struct sevviz_object *object_at(void *address, int *vm)
{
	size_t offset = (char *)address - memory;
	int i;

	*vm = -1;
	for (i = 0; i < chosen->nr_objects; i++)
		if (chosen->objects[i].address == address)
			return &chosen->objects[i];
	if ((char *)address < memory || offset >= nr_vms * chosen->size)
		return NULL;
	*vm = offset / chosen->size;
	for (i = 0; i < chosen->nr_objects; i++)
		if (!chosen->objects[i].address && chosen->objects[i].offset == offset % chosen->size)
			return &chosen->objects[i];
	return NULL;
}

static const char *name_of(void *address, char *buffer, size_t size)
{
	int vm;
	const struct sevviz_object *object = address ? object_at(address, &vm) : NULL;

	if (!object)
		return "-";
	if (vm < 0)
		return object->name;
	snprintf(buffer, size, "%s.%s", vm_names[vm], object->name);
	return buffer;
}

static int task_number(const void *thread)
{
	int i;

	for (i = 0; i < nr_tasks; i++)
		if (all[i].thread == thread)
			return i + 1;
	return 0;
}

/* A lock's holder as the lock itself tells it, or what is stored in a field. */
static int value_of(void *address)
{
	int vm;
	const struct sevviz_object *object = address ? object_at(address, &vm) : NULL;

	if (!object)
		return 0;
	switch (object->kind) {
	case SEVVIZ_MUTEX:
#ifdef CONFIG_PREEMPT_RT
		return task_number((void *)((unsigned long)READ_ONCE(((struct mutex *)address)->rtmutex.owner) & ~1UL));
#else
		return task_number((void *)(atomic_long_read(&((struct mutex *)address)->owner) & ~7L));
#endif
	case SEVVIZ_SPINLOCK:
		return *spin_holder(address);
	case SEVVIZ_ATOMIC:
		return atomic_read(address);
	case SEVVIZ_BOOL:
		return READ_ONCE(*(bool *)address);
	default:
		return READ_ONCE(*(int *)address);
	}
}

/* ---- in the tasks ---- */

static struct task *me(void)
{
	return kthread_data(current);
}

static void park(struct task *task)
{
	int count = preempt_count();
	/* PREEMPT_RT: who holds a spinlock can be preempted but must not sleep. */
	bool busy = IS_ENABLED(CONFIG_SMP) && (count || rcu_preempt_depth());

	if (!busy)
		preempt_count_set(PREEMPT_ENABLED);
	WRITE_ONCE(task->phase, PARKED);
	while (busy && !READ_ONCE(task->go))
		cpu_relax();
	while (!busy) {
		set_current_state(TASK_IDLE);
		if (READ_ONCE(task->go))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(task->phase, INSIDE);
	WRITE_ONCE(task->go, task->go - 1);
	if (!busy)
		preempt_count_set(count);
}

void sevviz_before(const char *where, const char *primitive, const volatile void *object)
{
	struct task *task = me();

	task->where = where;
	task->primitive = primitive;
	task->object = (void *)object;
	park(task);
	if (!strcmp(primitive, "spin_unlock") && *spin_holder(task->object) == task->number)
		*spin_holder(task->object) = 0;
}

void sevviz_after(long result)
{
	struct task *task = me();
	char name[64];

	if (!strncmp(task->primitive, "spin_lock", 9) || (!strcmp(task->primitive, "spin_trylock") && result))
		*spin_holder(task->object) = task->number;
	pr_info("sevviz: step %d %s %s %s %ld %d\n", task->number, task->where, task->primitive,
		name_of(task->object, name, sizeof(name)), result, value_of(task->object));
}

void sevviz_enter(const void *dst, const void *src)
{
	struct task *task = me();
	int i, j;

	for (i = 0; i < nr_tasks; i++)
		for (j = 0; j < 2; j++)
			if (all[i].inside[j] && (all[i].inside[j] == dst || all[i].inside[j] == src))
				pr_info("sevviz: exclusion %d with %d on %s\n", task->number, i + 1,
					vm_names[((char *)all[i].inside[j] - memory) / chosen->size]);
	task->inside[0] = (void *)dst;
	task->inside[1] = (void *)src;
}

void sevviz_leave(const void *dst, const void *src)
{
	me()->inside[0] = me()->inside[1] = NULL;
}

static int run(void *data)
{
	struct task *task = data;
	int i, attempts, result = 0;

	allow_signal(SIGKILL);
	for (i = 0; i < task->nr_calls && !result; i++) {
		attempts = retry;
		do {
			result = task->calls[i].what->function(task->calls[i].vms);
#ifdef CONFIG_PROVE_LOCKING
			/* What the kernel checks when an ioctl returns to user space. */
			if (current->lockdep_depth)
				lockdep_sys_exit();
#endif
		} while (result == -EBUSY && (retry < 0 || attempts-- > 0));
	}
	pr_info("sevviz: return %d %d\n", task->number, result);
	smp_store_release(&task->phase, FINISHED);
	for (;;) {
		set_current_state(TASK_IDLE);
		schedule();
	}
	return 0;
}

/* ---- the driver ---- */

#ifdef CONFIG_SMP
#define QUIET 5		/* jiffies without a movement */
#define SPINNING 40	/* jiffies after which a task that still runs is taken to spin */

static bool __init moves(struct task *task)
{
	enum phase phase = smp_load_acquire(&task->phase);

	if (phase != INSIDE)
		return phase == STARTING || (phase == PARKED && READ_ONCE(task->go));
	return !task->spins && READ_ONCE(task->thread->__state) == TASK_RUNNING;
}

static void __init settle(void)
{
	int i, tries, quiet = 0;

	for (tries = 0; tries < SPINNING && quiet < QUIET; tries++) {
		schedule_timeout_idle(1);
		quiet++;
		for (i = 0; i < nr_tasks; i++)
			if (moves(&all[i]))
				quiet = 0;
	}
	for (i = 0; i < nr_tasks; i++)
		all[i].spins = READ_ONCE(all[i].phase) == INSIDE &&
			       READ_ONCE(all[i].thread->__state) == TASK_RUNNING;
}
#else
/* In virtual time a timer only fires when every task is idle. */
static void __init settle(void)
{
	schedule_timeout_idle(2);
}
#endif

static char __init state_of(struct task *task)
{
	unsigned int state = READ_ONCE(task->thread->__state);

	if (state == TASK_RUNNING)
		return 'R';
	if (state & TASK_INTERRUPTIBLE)
		return 'S';
	return state & TASK_WAKEKILL ? 'K' : 'D';
}

static void __init show_waiters(void)
{
	char name[64];
	int i;

	for (i = 0; i < nr_tasks; i++)
		if (READ_ONCE(all[i].phase) == INSIDE)
			pr_info("sevviz: wait %d %s %s %s %c %d\n", i + 1, all[i].where, all[i].primitive,
				name_of(all[i].object, name, sizeof(name)), state_of(&all[i]), value_of(all[i].object));
}

static bool __init would_spin(struct task *task)
{
	return !IS_ENABLED(CONFIG_SMP) && !strncmp(task->primitive, "spin_lock", 9) && *spin_holder(task->object);
}

/* One turn, or one of those that are given at once: then a task may be on its way to its step still. */
static void __init give(struct task *task, bool kill, bool at_once)
{
	char name[64];

	if (kill) {
		send_sig(SIGKILL, task->thread, 1);
	} else if (at_once) {
		WRITE_ONCE(task->go, task->go + 1);
		if (READ_ONCE(task->phase) == PARKED)
			wake_up_process(task->thread);
	} else if (READ_ONCE(task->phase) != PARKED) {
		pr_info("sevviz: cannot %d\n", task->number);
	} else if (would_spin(task)) {
		pr_info("sevviz: spin %d %s %s %s %d\n", task->number, task->where, task->primitive,
			name_of(task->object, name, sizeof(name)), *spin_holder(task->object));
	} else {
		WRITE_ONCE(task->go, 1);
		wake_up_process(task->thread);
	}
}

static void __init turn(char *text)
{
	bool at_once = strchr(text, '+') != NULL;
	char *word;

	preempt_disable();	/* who is woken has to wait for the end of the list */
	while ((word = strsep(&text, "+")) != NULL) {
		unsigned int number = simple_strtoul(word, NULL, 10);

		if (number >= 1 && number <= nr_tasks)
			give(&all[number - 1], strchr(word, '!') != NULL, at_once);
	}
	preempt_enable();
	settle();
}

static void __init play(char *text)
{
	char *word;

	while ((word = strsep(&text, ",")) != NULL) {
		if (!*word)
			continue;
		pr_info("sevviz: turn %s\n", word);
		turn(word);
		show_waiters();
	}
}

static bool __init waiting(void)
{
	int i;

	for (i = 0; i < nr_tasks; i++)
		if (READ_ONCE(all[i].phase) == INSIDE)
			return true;
	return false;
}

/* ---- set-up ---- */

static void *__init vm_called(const char *name)
{
	int i;

	for (i = 0; i < nr_vms; i++)
		if (!strcmp(vm_names[i], name))
			return memory + i * chosen->size;
	return NULL;
}

/* "migrate(B,A)" */
static bool __init add_call(struct task *task, char *text)
{
	struct call *call = &task->calls[task->nr_calls];
	char *name = strsep(&text, "("), *vm;
	int i, count = 0;

	for (i = 0; i < chosen->nr_calls; i++)
		if (!strcmp(chosen->calls[i].name, name))
			call->what = &chosen->calls[i];
	if (!call->what || !text || task->nr_calls == MAX_CALLS - 1)
		return false;
	while ((vm = strsep(&text, ",)")) != NULL && *vm && count < ARRAY_SIZE(call->vms))
		if (!(call->vms[count++] = vm_called(vm)))
			return false;
	task->nr_calls++;
	return count == call->what->vms;
}

/* Which CPU a task runs on; the last one is the driver's. */
static void __init place(struct task *task)
{
#ifdef CONFIG_SMP
	static struct cpumask shared __initdata;
	int i;

	if (!cpus) {
		kthread_bind(task->thread, task->number - 1);
		return;
	}
	for (i = 0; i < cpus; i++)
		cpumask_set_cpu(i, &shared);
	set_cpus_allowed_ptr(task->thread, &shared);
#else
	/* Equal FIFO priority: a task that is woken does not push away the one that woke it. */
	sched_set_fifo(task->thread);
#endif
}

static bool __init add_tasks(void)
{
	char *text = kstrdup(tasks, GFP_KERNEL), *one, *call;

	while ((one = strsep(&text, "/")) != NULL) {
		struct task *task = &all[nr_tasks];

		if (nr_tasks == MAX_TASKS)
			return false;
		task->number = ++nr_tasks;
		while ((call = strsep(&one, ";")) != NULL)
			if (!add_call(task, call))
				return false;
		task->thread = kthread_create(run, task, "task%d", task->number);
		if (IS_ERR(task->thread))
			return false;
		place(task);
	}
	return true;
}

static void __init add_vms(void)
{
	char *text = kstrdup(vms, GFP_KERNEL), *name;
	int i;

	while ((name = strsep(&text, ",")) != NULL && nr_vms < MAX_VMS)
		vm_names[nr_vms++] = name;
	memory = kcalloc(nr_vms, chosen->size, GFP_KERNEL);
	chosen->make(NULL);
	for (i = 0; i < nr_vms; i++)
		chosen->make(memory + i * chosen->size);
}

static void __init set_field(char *text)
{
	char *name = strsep(&text, "="), shown[64];
	int i, vm;

	for (i = 0; i < chosen->nr_objects; i++)
		for (vm = 0; vm < nr_vms; vm++) {
			const struct sevviz_object *object = &chosen->objects[i];
			void *address = object->address ?: memory + vm * chosen->size + object->offset;

			if (strcmp(name_of(address, shown, sizeof(shown)), name))
				continue;
			if (object->kind == SEVVIZ_ATOMIC)
				atomic_set(address, simple_strtol(text, NULL, 10));
			else if (object->kind == SEVVIZ_PLAIN)
				*(int *)address = simple_strtol(text, NULL, 10);
			else if (object->kind == SEVVIZ_BOOL)
				*(bool *)address = simple_strtol(text, NULL, 10);
		}
}

static bool __init set_up(void)
{
	char *text = kstrdup(initial, GFP_KERNEL), *one;
	int i;

	for (i = 0; sevviz_schemes[i]; i++)
		if (!strcmp(sevviz_schemes[i]->name, scheme))
			chosen = sevviz_schemes[i];
	if (!chosen)
		return false;
	add_vms();
	while ((one = strsep(&text, ",")) != NULL && *one)
		set_field(one);
	if (IS_ENABLED(CONFIG_SMP))
		set_cpus_allowed_ptr(current, cpumask_of(num_online_cpus() - 1));
	return add_tasks();
}

static int __init sevviz_main(void)
{
	int i;

	if (set_up()) {
		pr_info("sevviz: begin\n");
		for (i = 0; i < nr_tasks; i++)
			wake_up_process(all[i].thread);
		settle();
		play(kstrdup(script, GFP_KERNEL));
		if (waiting())
			schedule_timeout_idle(hung_seconds * HZ);
		pr_info("sevviz: end\n");
	} else {
		pr_err("sevviz: bad parameters: scheme=%s vms=%s tasks=%s\n", scheme, vms, tasks);
	}
#ifdef CONFIG_UML
	kernel_power_off();
#else
	msleep(100);	/* PREEMPT_RT prints from a thread */
	emergency_restart();
#endif
	return 0;
}
late_initcall(sevviz_main);
