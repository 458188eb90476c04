import type { Manifest } from "../repository/manifest";

/** A snapshot in few words: its manifest without the lists. */
export function summarise(manifest: Manifest) {
  const { id, status, t0, finishedAt, program, site, database, files, added, missing } = manifest;
  return {
    id,
    status,
    t0,
    finishedAt,
    program,
    site,
    databaseBytes: database.parts.reduce((sum, { size }) => sum + size, 0),
    cloudSnapshot: database.cloudSnapshot,
    files: { references: files.references, bytes: files.bytes },
    added,
    missing: missing && { blobs: missing.blobs, bytes: missing.bytes },
  };
}
