/*
 * title: Naive, with an order that lockdep was told
 * source: the shape of pipe_lock_cmp_fn() in fs/pipe.c, put on the naive scheme
 * entry: migrate
 * ordered: lock
 *
 * The naive scheme again, destination first. What is new is not in the code of the move: where
 * a VM is made, lock_set_cmp_fn() gives lockdep a function that compares two VM locks by their
 * address, so that it can tell them apart without an annotation. Nothing changes for the tasks.
 * Try both moves one after the other, in either order, and see which of the two lockdep minds.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	/* No SINGLE_DEPTH_NESTING: the comparison function is to judge this order. */
	mutex_lock(&dst->lock);
	mutex_lock(&src->lock);

	sev_migrate_from(dst, src);

	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return 0;
}
