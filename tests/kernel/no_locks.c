/*
 * title: No lock at all round the work
 * source: the fault that both locks are there to prevent
 * entry: migrate
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	sev_migrate_from(dst, src);
	return 0;
}
