/*
 * title: Try, back off, try again
 * source: trylock and back off, as the dcache did until it was cured of it; in our own words
 * entry: migrate
 *
 * Nobody waits for a second VM while holding a first one, so nobody can deadlock. And nobody is
 * ever told that the VM is busy: the move tries until it has both.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
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
