/*
 * title: Interruptible waits, in either order
 * source: include/linux/mutex.h
 * entry: migrate
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	if (mutex_lock_interruptible(&dst->lock))
		return -EINTR;
	if (mutex_lock_interruptible(&src->lock)) {
		mutex_unlock(&dst->lock);
		return -EAGAIN;
	}
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return 0;
}
