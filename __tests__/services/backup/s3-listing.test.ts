import { parseListing as parse } from "../../../services/backup/src/stores/s3-listing";

const parseListing = (text: string) => parse(Buffer.from(text));
const page = (inside: string) => `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix></Prefix>${inside}</ListBucketResult>`;
const object = (key: string) =>
  `<Contents><Key>${key}</Key><LastModified>2026-03-01T02:15:00.000Z</LastModified><ETag>&quot;abc&quot;</ETag><Size>17</Size><Owner><ID>1</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>`;

describe("a page of a listing", () => {
  test("is read with its objects and the token of the next one", () => {
    const text = page(
      `<NextContinuationToken>a&amp;b==</NextContinuationToken><IsTruncated>true</IsTruncated>${object("a/1")}${object("a/2")}`,
    );
    const known = { LastModified: new Date("2026-03-01T02:15:00Z"), ETag: '"abc"', Size: 17 };
    expect(parseListing(text)).toEqual({
      objects: [
        { Key: "a/1", ...known },
        { Key: "a/2", ...known },
      ],
      token: "a&b==",
    });
  });

  test("says after its objects, too, that there are more", () => {
    const text = page(
      `${object("a/ü")}<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>`,
    );
    expect(parseListing(text)).toMatchObject({ objects: [{ Key: "a/ü" }], token: "t" });
  });

  test("may be empty", () => {
    expect(parseListing(page("<IsTruncated>false</IsTruncated>"))).toEqual({ objects: [], token: undefined });
  });

  test("has keys with any character", () => {
    const text = page(
      `<IsTruncated>false</IsTruncated>${object("&lt;a&gt; &amp;amp; &quot;b&quot; &apos;&#39;&#x1F600;")}`,
    );
    expect(parseListing(text)?.objects[0]?.Key).toBe("<a> &amp; \"b\" ''\u{1F600}");
  });

  test.each([
    ["nothing", ""],
    ["another document", "<Error><Code>SlowDown</Code></Error>"],
    ["one that is cut short", page(`<IsTruncated>false</IsTruncated>${object("a/1")}`).slice(0, -60)],
    ["one that goes on nowhere", page("<IsTruncated>true</IsTruncated>")],
    ["an object without a size", page("<IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents>")],
  ])("is none where it is %s", (_, text) => {
    expect(parseListing(text)).toBeUndefined();
  });
});
