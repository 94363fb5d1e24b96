/*
 * title: Naive, with killable and annotated waits
 * source: ours: the naive scheme as a careful author would write it today
 * entry: migrate
 *
 * The naive scheme again, in better clothes: both waits end on a fatal signal, and the second lock
 * is annotated as nested, as lockdep asks. Deadlock it by hand, then read what a real kernel prints
 * at that interleaving, and what it prints once one of the two tasks is killed.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	if (mutex_lock_killable(&dst->lock))
		return -EINTR;
	if (mutex_lock_killable_nested(&src->lock, SINGLE_DEPTH_NESTING)) {
		mutex_unlock(&dst->lock);
		return -EINTR;
	}

	sev_migrate_from(dst, src);

	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return 0;
}
