import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Before all tests: temporary files, cdktf's own among them, go into one folder, and are removed with it. */
export default function keepTemporaryFiles(): void {
  const folder = mkdtempSync(join(tmpdir(), "moodle-platform-tests-"));
  // Servers that root starts run as other users.
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
}
