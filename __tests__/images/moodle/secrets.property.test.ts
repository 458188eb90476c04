import fc from "fast-check";
import { MoodleFolder } from "./support/moodle-folder";

const folder = new MoodleFolder();
afterAll(() => folder.remove());

const password = () => folder.settings().dbpass;

/** What a file of a secret may hold, but for line ends at its end. */
const content = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter((value) => !/[\r\n]$/.test(value));

test("a password is what its file holds, whatever it holds", () => {
  fc.assert(
    fc.property(content, (value) => {
      folder.secret("database/password", value);
      expect(password()).toBe(value);
    }),
    { numRuns: 25, examples: [["'\"$HOME `id` \\n %s ü 密码 🔑"], [" leading and trailing "], ["--adminpass=x"]] },
  );
});

test.each([
  ["secret\n", "secret"],
  ["secret\r\n", "secret"],
  ["secret\n\n", "secret\n"],
  ["\nsecret", "\nsecret"],
])("one line end at the end of %j is not part of it", (file, value) => {
  folder.secret("database/password", file);
  expect(password()).toBe(value);
});

test.each(["", "\n"])("a secret that is %j is refused", (file) => {
  folder.secret("database/password", file);
  expect(folder.refusal({})).toBe(
    `moodle: the secret ${folder.directory}/secrets/database/password is empty: put its value there`,
  );
});

test("a secret that is not mounted is refused", () => {
  expect(folder.refusal({ MOODLE_SECRETS_DIR: "/nonexistent" })).toBe(
    "moodle: the secret /nonexistent/database/username cannot be read: mount it, readable by this user",
  );
});
