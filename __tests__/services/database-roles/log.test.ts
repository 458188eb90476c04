import { describeError, Log } from "../../../services/database-roles/src/log";

function logged(use: (log: Log) => void): string {
  let output = "";
  use(
    new Log((line) => {
      output += line;
    }),
  );
  return output;
}

test("a line is one JSON object with time, severity and message", () => {
  const output = logged((log) => log.warning("a\nmessage", { role: "moodle" }));
  expect(output.endsWith("\n")).toBe(true);
  expect(output.trimEnd()).not.toContain("\n");
  expect(JSON.parse(output)).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    severity: "WARNING",
    message: "a\nmessage",
    role: "moodle",
  });
});

test.each(["plain-secret", 'with"quotes\\and/slashes', "with space&ampersand"])(
  "never writes the secret %s",
  (secret) => {
    const output = logged((log) => {
      log.conceal(secret);
      log.error(`near '${secret}'`, { url: `https://x/?p=${encodeURIComponent(secret)}` });
    });
    expect(output).not.toContain(secret);
    expect(output).not.toContain(JSON.stringify(secret).slice(1, -1));
    expect(output).not.toContain(encodeURIComponent(secret));
  },
);

test("of an error only code and message are said, not the statement it carries", () => {
  const error = Object.assign(new Error("refused"), { code: "28P01", sql: "ALTER USER x IDENTIFIED BY 'secret'" });
  expect(describeError(error)).toBe("refused (28P01)");
});

test("a connection refused at every address says so", () => {
  const error = new AggregateError([
    new Error("connect ECONNREFUSED ::1"),
    new Error("connect ECONNREFUSED 127.0.0.1"),
  ]);
  expect(describeError(error)).toBe("connect ECONNREFUSED ::1; connect ECONNREFUSED 127.0.0.1");
});

test("a value too short to be a secret does not blot out the log", () => {
  const output = logged((log) => {
    log.conceal("{");
    log.info("done");
  });
  expect(JSON.parse(output)).toMatchObject({ message: "done" });
});
