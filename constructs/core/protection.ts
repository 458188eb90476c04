/**
 * What happens to data when a stack is destroyed or a resource replaced.
 *
 * - `protected`: refused by Terraform and by the cloud; a final snapshot or backup is kept. The default everywhere.
 * - `disposable`: deploy, destroy, deploy works and nothing stays behind.
 */
export type Protection = "protected" | "disposable";
