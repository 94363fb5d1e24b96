/*
 * title: Spinlocks that nobody initialised: tried first, or given back before anybody had them
 * source: kernel/locking/lockdep.c, register_lock_class() and print_unlock_imbalance_bug()
 * entry: migrate
 * uninitialised: gate
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	if (dst == src) {
		spin_unlock(&dst->gate);
		return 0;
	}
	mutex_lock(&dst->lock);
	if (dst < src) {
		mutex_unlock(&dst->lock);
		if (!spin_trylock(&src->gate))
			return -EBUSY;
		mutex_lock(&dst->lock);
		mutex_unlock(&dst->lock);
		spin_unlock(&src->gate);
		return 0;
	}
	spin_lock(&src->gate);
	spin_unlock(&src->gate);
	mutex_unlock(&dst->lock);
	return 0;
}
