/*
 * title: A mutex that a killed waiter leaves to the next one
 * source: kernel/locking/mutex.c, __mutex_unlock_slowpath() with MUTEX_FLAG_HANDOFF
 * entry: migrate
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = mutex_lock_killable(&dst->lock);

	if (ret)
		return ret;
	mutex_unlock(&dst->lock);
	return 0;
}

static int again(struct kvm *vm)
{
	mutex_lock(&vm->lock);
	mutex_unlock(&vm->lock);
	if (!mutex_trylock(&vm->lock))
		return -EBUSY;
	mutex_unlock(&vm->lock);
	return 0;
}
