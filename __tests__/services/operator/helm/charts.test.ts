import { join } from "node:path";
import fc from "fast-check";
import { loadChart, revisionDigest } from "../../../../services/operator/src/helm/charts";

const chart = loadChart(join(__dirname, "../../../../charts/moodle"));

test("a chart goes by its own name and version", () => {
  expect(chart.version).toMatch(/^moodle-\d+\.\d+\.\d+$/);
});

test("a digest fits into a label", () => {
  expect(revisionDigest(chart, {})).toMatch(/^[0-9a-f]{40}$/);
});

test("equal values have equal digests in whatever order, and others have not", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (values) => {
      const reversed = Object.fromEntries(Object.entries(values).reverse());
      expect(revisionDigest(chart, reversed)).toBe(revisionDigest(chart, values));
      expect(revisionDigest(chart, { ...values, more: "one more" })).not.toBe(revisionDigest(chart, values));
    }),
  );
});

test("another chart makes another digest", () => {
  expect(revisionDigest({ ...chart, digest: "x" }, {})).not.toBe(revisionDigest(chart, {}));
});
