import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync } from "node:fs";
import { ConfigurationError } from "../../constructs/core/errors";

/** The user of the image, whom Debian's base system has. */
const USER = { name: "www-data", uid: 33, gid: 33 };

/**
 * Makes the site's folder and, where root has called, goes on as www-data: no server of the site has a right that it
 * does not need, and PostgreSQL and MariaDB refuse root altogether.
 */
export function enter(folder: string): void {
  const isNew = !existsSync(folder);
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  if (process.getuid?.() !== 0) return;
  if (isNew) chownSync(folder, USER.uid, USER.gid);
  process.setgroups?.([USER.gid]);
  process.setgid?.(USER.gid);
  process.setuid?.(USER.uid);
  process.env.HOME = folder;
  try {
    execFileSync("test", ["-w", folder]);
  } catch {
    throw new ConfigurationError([
      {
        path: "--folder",
        given: folder,
        allowed: `a folder that ${USER.name} can enter and write, as whom the site runs where root starts it`,
        remedy: `name another, as /var/tmp/moodle, or call the command as another user than root`,
      },
    ]);
  }
}
