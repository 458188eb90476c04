<?php
namespace platform;

/** How many cron and ad-hoc workers may run at a time in the whole site. */
function task_settings(Environment $env, \stdClass $cfg): void {
    if ($env->has('MOODLE_CRON_CONCURRENCY')) {
        $cfg->task_scheduled_concurrency_limit = $env->integer('MOODLE_CRON_CONCURRENCY', 1, 1000);
    }
    if ($env->has('MOODLE_ADHOC_CONCURRENCY')) {
        $cfg->task_adhoc_concurrency_limit = $env->integer('MOODLE_ADHOC_CONCURRENCY', 1, 1000);
    }
    // Set for `moodle cron` by the command itself, where workers of their own run ad-hoc tasks.
    if ($env->is('MOODLE_TASKS', 'scheduled')) {
        $cfg->task_adhoc_concurrency_limit = 0;
    }
}
