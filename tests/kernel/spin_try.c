/*
 * title: A spinlock that is tried, with everything that may sleep inside
 * source: Documentation/locking/locktypes.rst
 * entry: migrate
 */
static DEFINE_SPINLOCK(gate);

static int migrate(struct kvm *dst, struct kvm *src)
{
	might_sleep();
	if (!spin_trylock(&gate))
		return -EBUSY;
	cond_resched();
	cpu_relax();
	mutex_lock(&src->lock);
	mutex_unlock(&src->lock);
	spin_unlock(&gate);
	return 0;
}
