/*
 * title: A mutex that is never given back
 * source: kernel/locking/lockdep.c, lockdep_sys_exit()
 * entry: migrate
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&dst->lock);
	return dst < src ? 0 : -EFAULT;
}
