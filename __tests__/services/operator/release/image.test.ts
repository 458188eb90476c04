import { isSameImage } from "../../../../services/operator/src/release/image";

test.each([
  ["moodle:1", "moodle:1", true],
  ["moodle:1", "moodle:1@sha256:0", true],
  ["moodle:1", "moodle:10", false],
  ["moodle:1", "moodle:10@sha256:0", false],
  ["moodle:1", "site/moodle:1", false],
  ["moodle:1@sha256:0", "moodle:1@sha256:1", false],
  ["moodle:1", undefined, false],
  [undefined, undefined, false],
])("%s and %s are the same image: %s", (one, other, isSame) => {
  expect(isSameImage(one, other)).toBe(isSame);
  expect(isSameImage(other, one)).toBe(isSame);
});
