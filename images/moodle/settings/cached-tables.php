<?php
namespace platform;

/**
 * The tables from which Moodle 4.5.6 fills each of the caches that outlive a request: what is read from a replica in the
 * moment after a change would stay in them until somebody purges.
 *
 * Made by reading, for each definition in a db/caches.php whose mode is application or session, what is read between a miss
 * and cache::set(), or in its data source. Of a query that joins tables one is enough, as the writer answers all of it: the
 * smallest is here, so that `user` is not. Left out are the time of a conversation's last message and whether people have
 * chosen a theme for themselves, which would take every read of `messages` and `user`. A test of the real Moodle fails for
 * a definition or a question type that is missing.
 */
const CACHED_TABLES = [
    'core/config' => ['config', 'config_plugins'],
    'core/plugin_manager' => [
        'config_plugins', 'modules', 'block', 'filter_active', 'message_processors', 'portfolio_instance', 'repository',
    ],
    'core/message_processors_enabled' => ['message_processors'],
    'core/license' => ['license'],

    // Rights.
    'core/roledefs' => ['role', 'role_capabilities', 'context'],
    'core/capabilities' => ['capabilities'],
    'core/coursecontacts' => ['role_assignments', 'role_names', 'user_enrolments'],
    'core/reportbuilder_allowed_reports' => ['reportbuilder_audience'],
    'core/ai_policy' => ['ai_policy_register'],

    // Courses. Of activities the table of the same name beside these, see cached_tables().
    'core/coursemodinfo' => [
        'course', 'course_modules', 'course_sections', 'course_format_options', 'files', 'lti_types', 'lti_types_config',
    ],
    'core/course_image' => ['course', 'files'],
    'core/coursecattree' => ['course_categories'],
    'core/coursecat' => ['course', 'course_categories'],
    'core/calendar_categories' => ['course_categories'],
    'core/contentbank_allowed_categories' => ['course_categories'],
    'core/contentbank_allowed_courses' => ['course'],
    'core/moodlenet_usercanshare' => ['course'],
    'core/theme_usedincontext' => ['cohort', 'course', 'course_categories'],
    'core/courseeditorstate' => ['course', 'course_modules', 'course_sections'],
    'core/user_favourite_course_content_items' => ['favourite'],
    'core/recommendation_favourite_course_content_items' => ['favourite'],
    'core/completion' => ['course_modules_completion', 'course_modules_viewed'],
    'core/coursecompletion' => ['course_completions'],
    'core/groupdata' => ['groups', 'groupings', 'groupings_groups'],
    'core/coursehiddengroups' => ['groups'],
    'core/user_group_groupings' => ['groups_members'],
    'core/grade_categories' => ['grade_categories'],
    'core/calendar_subscriptions' => ['event_subscriptions'],
    'availability_grade/items' => ['grade_items'],
    'availability_grade/scores' => ['grade_items'],
    'mod_assign/overrides' => ['assign_overrides'],
    'mod_lesson/overrides' => ['lesson_overrides'],
    'mod_quiz/overrides' => ['quiz_overrides'],
    'mod_glossary/concepts' => ['glossary_entries', 'glossary_categories', 'glossary_alias'],
    'mod_scorm/elements' => ['scorm_element'],
    'quizaccess_seb/quizsettings' => ['quizaccess_seb_quizsettings'],
    'quizaccess_seb/config' => ['quizaccess_seb_quizsettings', 'quizaccess_seb_template'],
    'quizaccess_seb/configkey' => ['quizaccess_seb_quizsettings', 'quizaccess_seb_template'],
    'communication_customlink/customlink' => ['communication_customlink'],

    // Every question type's tables.
    'core/questiondata' => [
        'question', 'question_answers', 'question_bank_entries', 'question_categories', 'question_hints', 'question_versions',
        'question_calculated', 'question_calculated_options', 'question_dataset_definitions', 'question_dataset_items',
        'question_datasets', 'question_ddwtos', 'question_gapselect', 'question_multianswer', 'question_numerical',
        'question_numerical_options', 'question_numerical_units', 'question_truefalse', 'qtype_ddimageortext',
        'qtype_ddimageortext_drags', 'qtype_ddimageortext_drops', 'qtype_ddmarker', 'qtype_ddmarker_drags',
        'qtype_ddmarker_drops', 'qtype_essay_options', 'qtype_match_options', 'qtype_match_subquestions',
        'qtype_multichoice_options', 'qtype_ordering_options', 'qtype_randomsamatch_options', 'qtype_shortanswer_options',
    ],
    'core/h5p_libraries' => ['h5p_libraries'],
    'core/h5p_content_type_translations' => ['h5p_libraries'],
    'core/h5p_library_files' => ['files'],

    'core/externalbadges' => ['badge_backpack', 'badge_external'],
    'core/contextwithinsights' => ['analytics_models'],
    'tool_dataprivacy/contextlevel' => ['tool_dataprivacy_ctxlevel'],
    'tool_dataprivacy/purpose' => ['tool_dataprivacy_purpose'],
    'tool_dataprivacy/purpose_overrides' => ['tool_dataprivacy_purposerole'],
    'tool_monitor/eventsubscriptions' => ['tool_monitor_rules'],
    'tool_usertours/stepdata' => ['tool_usertours_steps'],
    'tool_usertours/tourdata' => ['tool_usertours_tours'],
];

/** What a session keeps until a flag tells it otherwise, and the tasks that workers take. */
const WATCHED_TABLES = ['cache_flags', 'user_preferences', 'task_adhoc', 'task_scheduled'];

/**
 * All of them, without Moodle's prefix.
 *
 * @param string $webroot folder of Moodle's code that the web server serves
 */
function cached_tables(string $webroot): array {
    // Each activity has a row of a table of its name in what is kept of a course.
    $activities = preg_grep('/^[a-z]\w*$/', scandir("$webroot/mod"));
    return array_values(array_unique(array_merge(WATCHED_TABLES, $activities, ...array_values(CACHED_TABLES))));
}
