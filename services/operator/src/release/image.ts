/**
 * Whether two references are of the same image: some clusters add the digest to one that goes by a tag. An unknown one is
 * the same as none.
 */
export function isSameImage(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one === other || one.startsWith(`${other}@`) || other.startsWith(`${one}@`);
}
