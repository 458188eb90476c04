/**
 * What happens to data when a stack is destroyed or a resource replaced.
 *
 * - `protected`: refused by Terraform and by the cloud; a final snapshot or backup is kept. The default everywhere.
 * - `retiring`: as `protected`, but nothing refuses any more: for the deploy before the destroy.
 * - `disposable`: deploy, destroy, deploy works and nothing stays behind.
 */
export type Protection = "protected" | "retiring" | "disposable";

/** Whether Terraform and the cloud refuse to delete it, and what is in it. */
export function isGuarded(protection: Protection = "protected"): boolean {
  return protection === "protected";
}
