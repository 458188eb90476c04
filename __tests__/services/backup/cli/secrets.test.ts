import { BackupError } from "../../../../services/backup/src/errors";
import { file, PASSWORD, run, SECRET } from "./fake-world";

/** A secret in every form in which a program could let it out. */
const forms = [SECRET, PASSWORD].flatMap((secret) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  Buffer.from(secret).toString("base64"),
]);

const COMMANDS = [
  ["init"],
  ["snapshot", "--init"],
  ["list"],
  ["show", "latest"],
  ["verify", "--record"],
  ["restore", "latest"],
  ["prune"],
  ["drill"],
  ["unlock"],
  ["doctor"],
  ["schedule", "--image", "backup:1", "--snapshot", "0 2 * * *"],
];

/** Fails as a careless driver would: with all it knows. */
const careless = () => Promise.reject(new Error(`login failed: ${forms.join(" ")}`));
function leaks({ stdout, stderr, written }: Awaited<ReturnType<typeof run>>): string[] {
  const output = [stdout, stderr, ...Object.values(written)].join("\n");
  return forms.filter((form) => output.includes(form));
}

describe.each([[], ["--json"], ["--json", "--result-file", "/dev/termination-log"]])("with %j", (...options) => {
  test.each(COMMANDS)("%s says no secret when it succeeds", async (...command) => {
    expect(leaks(await run([...command, ...options]))).toEqual([]);
  });
});

test("a message that quotes the password loses it, in every form", async () => {
  const ran = await run(["snapshot", "--json"], { operations: { runSnapshot: careless } });
  expect(leaks(ran)).toEqual([]);
  expect(ran.stdout).toContain("login failed: [concealed]");
});

test("a warning does as well", async () => {
  const runSnapshot = (options: { progress: (event: { kind: "warning"; message: string }) => void }) => {
    options.progress({ kind: "warning", message: `could not log in with ${PASSWORD}` });
    return Promise.reject(new BackupError("no"));
  };
  expect((await run(["snapshot"], { operations: { runSnapshot } })).stderr).toBe(
    "warning: could not log in with [concealed]\nmoodle-backup: no\n",
  );
});

test.each(["--password", "--db-password", "--signing-secret", "--token", "--secret-key"])(
  "%s is no option, and its value is not repeated",
  async (option) => {
    for (const args of [[`${option}=${SECRET}`], [option, SECRET]]) {
      const { stdout, stderr, exitCode } = await run(["snapshot", ...args]);
      expect(stderr).toBe(
        `moodle-backup: unknown option ${option}; secrets are read from files that the configuration names, never from the command line\n`,
      );
      expect([stdout, exitCode]).toEqual(["", 2]);
    }
  },
);

test("a manifest names files of secrets, and holds none", async () => {
  const { stdout } = await run(["schedule", "--image", "backup:1", "--snapshot", "0 2 * * *"]);
  expect(stdout).toContain("passwordFile");
  expect(forms.filter((form) => stdout.includes(form))).toEqual([]);
});

test("no program that it starts has a secret among its arguments", async () => {
  const { executed } = await run(["schedule", "--image", "backup:1", "--snapshot", "0 2 * * *", "--apply"]);
  expect(executed).toMatchObject([{ program: "kubectl", args: ["apply", "--filename=-"] }]);
  expect(forms.filter((form) => JSON.stringify(executed).includes(form))).toEqual([]);
});

test("a short password is not blotted out of every other word", async () => {
  const configuration = {
    database: {
      engine: "postgresql",
      host: "db.example.edu",
      name: "moodle",
      username: "backup",
      passwordFile: file("short", "in"),
    },
  } as const;
  expect((await run(["doctor"], { configuration })).stdout).not.toContain("[concealed]");
});
