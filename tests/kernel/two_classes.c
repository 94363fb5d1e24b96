/*
 * title: Two mutexes of different classes, in the order that the caller chooses
 * source: Documentation/locking/lockdep-design.rst, lock inversion
 * entry: migrate
 */
static DEFINE_MUTEX(outer);

static int migrate(struct kvm *dst, struct kvm *src)
{
	struct mutex *first = dst < src ? &outer : &dst->lock;
	struct mutex *second = dst < src ? &dst->lock : &outer;

	mutex_lock(first);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
	return 0;
}
