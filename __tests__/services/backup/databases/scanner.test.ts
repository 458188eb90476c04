import fc from "fast-check";
import { DumpScanner } from "../../../../services/backup/src/databases/mysql/scanner";

interface Scanned {
  schema: string;
  data: string;
  rows: string[][];
  tables: string[];
}

/** Scans a text that arrives in pieces of these sizes. */
function scan(text: string, sizes: readonly number[] = []): Scanned {
  const result: Scanned = { schema: "", data: "", rows: [], tables: [] };
  const scanner = new DumpScanner({
    schema: (part) => {
      result.schema += part.toString("latin1");
    },
    insert: (table) => {
      result.tables.push(table);
      return ["contenthash", "filesize"];
    },
    data: (part) => {
      result.data += part.toString("latin1");
    },
    row: (values) => result.rows.push([...values]),
    insertEnd: () => {},
  });
  const bytes = Buffer.from(text, "utf8");
  let at = 0;
  for (const size of sizes) {
    scanner.push(bytes.subarray(at, at + size));
    at += size;
  }
  scanner.push(bytes.subarray(at));
  scanner.end();
  return result;
}

const HEADER = "INSERT INTO `mdl_files` (`id`, `contenthash`, `source`, `filesize`) VALUES";

/** A literal as both programs write it. */
const literal = (text: string) =>
  `'${text
    .replace(/[\\'"]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\0", "\\0")}'`;

describe("a dump that streams by", () => {
  test.each([
    ["MySQL's", `${HEADER} (1,'aa','x',5),(2,'bb',NULL,7);\n`],
    ["MariaDB's", `${HEADER}\n(1,'aa','x',5),\n(2,'bb',NULL,7);\n`],
  ])("%s statements give their rows", (_, insert) => {
    const { rows, tables, schema } = scan(`CREATE TABLE \`t\` (\n  \`id\` int\n);\n${insert}-- end\n`);
    expect(rows).toEqual([
      ["aa", "5"],
      ["bb", "7"],
    ]);
    expect(tables).toEqual(["mdl_files"]);
    expect(schema).toBe("CREATE TABLE `t` (\n  `id` int\n);\n-- end\n");
  });

  test("whatever texts hold, and wherever chunks end, rows and bytes are the same", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "'", "\\", "(", ")", ",", ";", "\n", "`", '"', "ü", "VALUES"),
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), text), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 40 })),
        (given, sizes) => {
          const tuples = given.map(([size, source], index) => `(${index},'h${index}',${literal(source)},${size})`);
          const insert = `${HEADER} ${tuples.join(",")};`;
          const scanned = scan(`-- before\n${insert}\n${insert}\n-- after\n`, sizes);
          const rows = given.map(([size], index) => [`h${index}`, String(size)]);
          expect(scanned.rows).toEqual([...rows, ...rows]);
          expect(Buffer.from(scanned.data, "latin1").toString("utf8")).toBe(insert + insert);
          expect(scanned.schema).toBe("-- before\n-- after\n");
        },
      ),
    );
  });

  test("one that ends within a statement is not whole", () => {
    expect(() => scan(`${HEADER} (1,'aa','x',5),(2,'b`)).toThrow("the dump ends within a statement");
  });
});
