<?php
/**
 * Makes a course with a file in it, and a student in the course: php course.php SHORTNAME FILE, in Moodle's folder.
 * Prints what it has made, as JSON.
 */
define('CLI_SCRIPT', true);
require getcwd() . '/config.php';
require_once "$CFG->libdir/testing/generator/lib.php";
require_once "$CFG->libdir/filelib.php";

[, $shortname, $file] = $argv;
$admin = get_admin();
\core\session\manager::set_user($admin);
$generator = new testing_data_generator();
$course = $generator->create_course(['shortname' => $shortname, 'fullname' => "Course $shortname", 'numsections' => 5]);

$draft = file_get_unused_draft_itemid();
get_file_storage()->create_file_from_pathname([
    'contextid' => context_user::instance($admin->id)->id,
    'component' => 'user',
    'filearea' => 'draft',
    'itemid' => $draft,
    'filepath' => '/',
    'filename' => basename($file),
], $file);
$resource = $generator->create_module('resource', ['course' => $course->id, 'name' => basename($file), 'files' => $draft]);
foreach (range(1, 5) as $section) {
    $generator->create_module('forum', ['course' => $course->id, 'name' => "Forum $section"], ['section' => $section]);
    $generator->create_module('assign', ['course' => $course->id, 'name' => "Assignment $section"], ['section' => $section]);
}

$password = 'A1.' . bin2hex(random_bytes(8));
$username = 'student-' . strtolower($shortname);
$student = $generator->create_user(['username' => $username, 'password' => $password]);
$generator->enrol_user($student->id, $course->id, 'student');

$files = get_file_storage()->get_area_files(context_module::instance($resource->cmid)->id, 'mod_resource', 'content', false, '', false);
$stored = reset($files);
echo json_encode([
    'course' => "/course/view.php?id=$course->id",
    'file' => "/pluginfile.php/{$stored->get_contextid()}/mod_resource/content/1/" . rawurlencode($stored->get_filename()),
    'contentHash' => $stored->get_contenthash(),
    'username' => $username,
    'password' => $password,
]), "\n";
