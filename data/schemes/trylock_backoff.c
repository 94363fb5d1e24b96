/*
 * title: Try lock, back off, try again
 * source: a pattern once common in fs/dcache.c, removed there in 2018
 * entry: migrate
 *
 * Lock one VM, try the other, and on failure give the first one back and start again. Nobody
 * ever waits while holding a lock, so no ring of waits can close. Ask the search whether that is
 * enough for somebody to get through.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	if (dst == src)
		return -EINVAL;

again:
	mutex_lock(&dst->lock);
	if (!mutex_trylock(&src->lock)) {
		mutex_unlock(&dst->lock);
		cond_resched();
		goto again;
	}

	sev_migrate_from(dst, src);

	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return 0;
}
