/*
 * title: Locks that lockdep may compare, with subclasses, a tried one between, and releases out of order
 * source: kernel/locking/lockdep.c, check_deadlock() and check_prev_add(): a comparison function is of one subclass
 * entry: migrate
 * ordered: lock, gate
 */
static int annotated(struct kvm *dst, struct kvm *src)
{
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);
	mutex_lock_nested(&dst->lock, SINGLE_DEPTH_NESTING);
	mutex_unlock(&dst->lock);
	mutex_unlock(&src->lock);
	return 0;
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	spin_lock(&dst->gate);
	if (spin_trylock(&src->door)) {
		spin_lock(&src->gate);
		spin_unlock(&dst->gate);
		spin_unlock(&src->door);
		spin_unlock(&src->gate);
	} else {
		spin_unlock(&dst->gate);
	}
	mutex_lock_nested(&dst->lock, SINGLE_DEPTH_NESTING);
	mutex_lock(&src->lock);
	mutex_unlock(&dst->lock);
	mutex_unlock(&src->lock);
	return annotated(dst, src);
}
