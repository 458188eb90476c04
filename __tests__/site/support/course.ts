import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, type TestSite } from "./sites";

/** A course with a file in it, and a student who may see it. */
export interface Course {
  /** Paths on the site. */
  readonly course: string;
  readonly file: string;
  /** Moodle's name for the file's content: its SHA-1. */
  readonly contentHash: string;
  readonly username: string;
  readonly password: string;
  readonly content: Buffer;
}

/** Makes a course with a file of random content in it. */
export async function makeCourse(site: TestSite, shortname: string, fileSize: number): Promise<Course> {
  const folder = mkdtempSync(join(tmpdir(), "moodle-course-"));
  try {
    chmodSync(folder, 0o755);
    const content = randomBytes(fileSize);
    const file = join(folder, "lecture notes.bin");
    writeFileSync(file, content);
    // The user of the site need not be able to read the repository.
    const script = site.put("tmp/course.php", readFileSync(join(ROOT, "scripts/site/bench/course.php"), "utf8"));
    const output = await site.exec("moodle", "php", script, shortname, file);
    const course = { ...JSON.parse(output.trim().split("\n").at(-1) ?? ""), content } as Course;
    expect(course.contentHash).toBe(createHash("sha1").update(content).digest("hex"));
    return course;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
