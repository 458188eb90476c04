import fc from "fast-check";
import { addressRewriter } from "../../../../services/backup/src/databases/wwwroot/value";

const FROM = "https://old.example.edu/lms";
const TO = "https://new.example.org";
const rewrite = addressRewriter(FROM, TO);

/** PHP's `serialize()` of strings, numbers and lists. */
function serialise(value: unknown): string {
  if (typeof value === "string") return `s:${Buffer.byteLength(value)}:"${value}";`;
  if (typeof value === "number") return `i:${value};`;
  if (Array.isArray(value)) {
    return `a:${value.length}:{${value.map((item, index) => `i:${index};${serialise(item)}`).join("")}}`;
  }
  const entries = Object.entries(value as object);
  const members = entries.map(([name, item]) => `${serialise(name)}${serialise(item)}`).join("");
  return `O:8:"stdClass":${entries.length}:{${members}}`;
}

describe("the address of a site", () => {
  test.each([
    [
      "in text",
      `<a href="${FROM}/course/view.php?id=2">${FROM}</a>.`,
      `<a href="${TO}/course/view.php?id=2">${TO}</a>.`,
    ],
    ["in JSON", '{"url":"https:\\/\\/old.example.edu\\/lms\\/x"}', '{"url":"https:\\/\\/new.example.org\\/x"}'],
    ["in JSON within JSON", "https:\\\\\\/\\\\\\/old.example.edu\\\\\\/lms", "https:\\\\\\/\\\\\\/new.example.org"],
    ["in a query", "?r=https%3a%2F%2Fold.example.edu%2flms%2Fa", "?r=https%3A%2F%2Fnew.example.org%2Fa"],
    [
      "in serialised texts, with their lengths",
      serialise({ text: `ü ${FROM}/x`, n: 1 }),
      serialise({ text: `ü ${TO}/x`, n: 1 }),
    ],
    ["in serialised texts within serialised texts", serialise([serialise([FROM])]), serialise([serialise([TO])])],
    [
      "in serialised texts under base64",
      Buffer.from(serialise({ text: FROM })).toString("base64"),
      Buffer.from(serialise({ text: TO })).toString("base64"),
    ],
  ])("is rewritten %s", (_, before, after) => {
    expect(rewrite(before)).toBe(after);
  });

  test.each([
    ["of another host", "https://old.example.edu.au/lms"],
    ["of another path", "https://old.example.edu/lms2"],
    ["of another port", "https://old.example.edu/lms:8080"],
    ["in objects that serialise themselves", `a:1:{i:0;C:3:"Foo":${FROM.length}:{${FROM}}}`],
    ["in what is not wholly serialised", `s:99:"${FROM}";`],
  ])("is left alone %s", (_, value) => {
    expect(rewrite(value)).toBe(value);
  });

  test("any serialised value stays one, with the same texts but for the address", () => {
    const leaf = fc.oneof(fc.integer(), fc.string({ unit: fc.constantFrom("a", '"', ";", "ü", "}", FROM) }));
    const tree = fc.array(fc.oneof(leaf, fc.array(leaf)));
    const replaced = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(replaced);
      return typeof value === "string" ? rewrite(value) : value;
    };
    fc.assert(
      fc.property(tree, (value) => {
        expect(rewrite(serialise(value))).toBe(serialise(replaced(value)));
      }),
    );
  });

  test("what does not hold it is not changed", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        fc.pre(!value.includes("old.example.edu"));
        expect(rewrite(value)).toBe(value);
      }),
    );
  });
});
