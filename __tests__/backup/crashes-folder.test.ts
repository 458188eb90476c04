import { rmSync } from "node:fs";
import { KILLING_TIME, killRuns } from "./support/crashes";
import { memoryFolder } from "./support/memory-folder";

test(
  "runs into a folder, killed at any moment, leave only whole snapshots and go on",
  async () => {
    const path = memoryFolder("killed");
    try {
      await killRuns({ repository: { kind: "folder", path }, disk: path });
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  },
  KILLING_TIME,
);
