/*
 * title: A mutex of the file with the name of each VM's own, and a fault as the last step inside a spinlock
 * source: kernel/locking/lockdep.c, register_lock_class(): a class is a place that initialises locks, not a name
 * entry: migrate
 */
static DEFINE_MUTEX(lock);

static int migrate(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&lock);
	mutex_lock(&dst->lock);
	mutex_unlock(&dst->lock);
	mutex_unlock(&lock);
	if (dst < src)
		return 0;
	spin_lock(&dst->gate);
	mutex_unlock(&src->lock);
	return 0;
}
