import { rmSync } from "node:fs";
import { killRuns } from "./support/crashes";
import { memoryFolder } from "./support/memory-folder";

test("runs into a folder, killed at any moment, leave only whole snapshots and go on", async () => {
  const path = memoryFolder("killed");
  try {
    await killRuns({ repository: { kind: "folder", path }, disk: path }, 60);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}, 600_000);
