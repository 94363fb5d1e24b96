/*
 * title: Naive: lock both VMs, destination first
 * source: Sean Christopherson, 19 Aug 2021, YR7iD6kdTUpWwwRn@google.com
 * entry: migrate
 *
 * The problem that the whole thread is about, which Sean Christopherson puts in two sentences: a
 * move needs kvm->lock of both VMs, and userspace chooses which VM comes first. Here the
 * destination is locked, then the source, and nothing else. Step two opposite moves by hand and
 * ask after every step what each task waits for; then try one task that names a VM twice.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	/* Both VMs must stand still while SEV state leaves one and enters the other. */
	mutex_lock(&dst->lock);
	mutex_lock(&src->lock);

	sev_migrate_from(dst, src);

	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return 0;
}
