import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const configuration = join(__dirname, "../../../images/analytics/gunicorn.conf.py");

test("the server takes name and password from the files of the secret", () => {
  const folder = mkdtempSync(join(tmpdir(), "analytics-"));
  try {
    writeFileSync(join(folder, "username"), "moodle-1\n");
    writeFileSync(join(folder, "password"), "a-b_c");
    const program =
      "import os, runpy, sys; s = runpy.run_path(sys.argv[1]); print(os.environ['MOODLE_MLBACKEND_PYTHON_USERS'], s['bind'])";
    const env = { ...process.env, ANALYTICS_SECRETS_DIR: folder };
    const output = execFileSync("python3", ["-c", program, configuration], { env, encoding: "utf8" });
    expect(output).toBe("moodle-1:a-b_c 0.0.0.0:5000\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
