import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matches } from "../../../../services/backup/src/anonymise/file-areas";
import { readAnonymiseRules } from "../../../../services/backup/src/anonymise/rules";
import { isHarmlessNumber, scrubbedConfig } from "../../../../services/backup/src/anonymise/settings";

describe("rules of an anonymised restore", () => {
  let folder: string;

  const own = async (content: unknown) => {
    writeFileSync(join(folder, "rules.yaml"), JSON.stringify(content));
    return readAnonymiseRules(join(folder, "rules.yaml"));
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "anonymise-"));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test.each(["password", "email", "lastip", "secret", "idnumber", "description"])(
    "a user's %s does not stay",
    async (name) => {
      const user = (await readAnonymiseRules()).tables.user;
      expect(user).toMatchObject({ keep: expect.not.arrayContaining([name]) });
    },
  );

  test.each(["logstore_standard_log", "sessions", "messages", "external_tokens", "user_password_history", "tool_mfa"])(
    "no row of %s stays",
    async (table) => {
      expect((await readAnonymiseRules()).tables[table]).toBe("empty");
    },
  );

  test("no column has two rules", async () => {
    for (const [table, rule] of Object.entries((await readAnonymiseRules()).tables)) {
      if (rule === "empty") continue;
      const columns = [...rule.keep, ...rule.clear, ...Object.keys(rule.replace)];
      expect({ table, columns }).toEqual({ table, columns: [...new Set(columns)] });
    }
  });

  test("a file adds tables, and changes columns of known ones", async () => {
    const { tables } = await own({ tables: { own: "empty", user: { clear: "auth badge" } } });
    expect(tables.own).toBe("empty");
    expect(tables.user).toMatchObject({
      clear: expect.arrayContaining(["auth", "badge", "password"]),
      keep: expect.not.arrayContaining(["auth"]),
    });
  });

  test("a file may keep what is dropped otherwise", async () => {
    const rules = await own({ files: { keep: ["backup/*"], drop: ["course/summary"] } });
    expect(rules.droppedFileAreas).not.toContain("backup/*");
    expect(rules.droppedFileAreas).toContain("course/summary");
  });

  test("a file with a mistake is refused", async () => {
    await expect(own({ table: {} })).rejects.toThrow(/rules\.yaml: .*table/);
  });

  test("a short password is refused", async () => {
    writeFileSync(join(folder, "password"), "short\n");
    await expect(own({ admin: { username: "admin", passwordFile: join(folder, "password") } })).rejects.toThrow(
      /^admin\.passwordFile: .* holds no password of 8 characters or more$/,
    );
  });

  test("file areas are matched by patterns", () => {
    expect(matches("mod_page/intro", ["mod_*/intro"])).toBe(true);
    expect(matches("mod_page/content", ["mod_*/intro"])).toBe(false);
    expect(matches("user/private", ["user/*"])).toBe(true);
    expect(matches("xuser/private", ["user/*"])).toBe(false);
  });

  test.each([
    ["attempts", "3", true],
    ["siteadmins", "2,5", true],
    ["empty", "", true],
    ["bind_pw", "12345", false],
    ["clientid", "123456789012", false],
    ["supportname", "A person", false],
  ])("setting %s = %s is harmless: %s", (name, value, harmless) => {
    expect(isHarmlessNumber(name, value)).toBe(harmless);
  });

  test("texts of settings go, but for those that are named", () => {
    const rows = [
      { id: "1", name: "theme", value: "boost" },
      { id: "2", name: "supportemail", value: "somebody@example.edu" },
    ];
    expect(scrubbedConfig(rows, ["theme"])).toEqual([rows[0], { id: "2", name: "supportemail", value: "" }]);
  });
});

/** With a Moodle 4.5 in the folder that `MOODLE_SRC` names, every table and column of its plugins and core has a rule. */
for (const source of [process.env.MOODLE_SRC ?? ""].filter((folder) => folder !== "")) {
  describe(`the source of Moodle in ${source}`, () => {
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith("db/install.xml") && !file.includes("/tests/"),
    );

    test("has no table or column without a rule", async () => {
      const rules = await readAnonymiseRules();
      const unknown: string[] = [];
      for (const file of files) {
        for (const [, table = "", body = ""] of readFileSync(join(source, file), "utf8").matchAll(
          /<TABLE NAME="([^"]+)"([\s\S]*?)<\/TABLE>/g,
        )) {
          const rule = rules.tables[table];
          if (rule === "empty") continue;
          for (const [, name = "", type = ""] of body.matchAll(/<FIELD NAME="([^"]+)" TYPE="([^"]+)"/g)) {
            const known =
              rule !== undefined &&
              ([...rule.keep, ...rule.clear, ...Object.keys(rule.replace)].includes(name) ||
                (!["char", "text", "binary"].includes(type) && rules.numbers.includes(name)));
            if (!known) unknown.push(`${table}.${name}`);
          }
        }
      }
      expect(files.length).toBeGreaterThan(80);
      expect(unknown).toEqual([]);
    });
  });
}
