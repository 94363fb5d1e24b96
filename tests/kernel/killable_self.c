/*
 * title: One mutex twice, killable
 * source: kernel/locking/mutex.c, __mutex_trylock_common() with a handoff
 * entry: migrate
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = mutex_lock_killable(&dst->lock);

	if (ret)
		return ret;
	ret = mutex_lock_killable_nested(&src->lock, SINGLE_DEPTH_NESTING);
	if (ret)
		goto out;
	sev_migrate_from(dst, src);
	mutex_unlock(&src->lock);
out:
	mutex_unlock(&dst->lock);
	return ret;
}
