import type { DumpFile, Reference } from "../../../../services/backup/src/databases/database";

/** All references, page after page. */
export async function allReferences(pages: AsyncIterable<readonly Reference[]>): Promise<Reference[]> {
  const references: Reference[] = [];
  for await (const page of pages) references.push(...page);
  return references;
}

/** Takes every file of a dump, and leaves it where it is. */
export async function allFiles(files: AsyncIterable<DumpFile>): Promise<DumpFile[]> {
  const all: DumpFile[] = [];
  for await (const file of files) all.push(file);
  return all;
}
