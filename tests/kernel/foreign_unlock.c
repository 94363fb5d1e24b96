/*
 * title: A mutex given back twice
 * source: Joerg Roedel on V8, 28 Sep 2021, YVMNq4wwjYZ8F7N8@8bytes.org: unwinding unlocks what was never taken
 * entry: migrate
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&dst->lock);
	mutex_unlock(&dst->lock);
	if (dst < src)
		mutex_unlock(&dst->lock);
	return 0;
}
