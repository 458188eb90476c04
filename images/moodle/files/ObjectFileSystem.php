<?php
namespace platform;

/**
 * ObjectFS's S3 file system, which reads every file through PHP that it does not send the browser to the store for: here
 * nginx sends a file as long as it is on the shared folder.
 */
final class ObjectFileSystem extends \tool_objectfs\s3_file_system {
    public function xsendfile_file(\stored_file $file): bool {
        return parent::xsendfile_file($file) || $this->send_local($file->get_contenthash());
    }

    public function xsendfile($contenthash) {
        return parent::xsendfile($contenthash) || $this->send_local($contenthash);
    }

    private function send_local(string $contenthash): bool {
        global $CFG;
        require_once "$CFG->libdir/xsendfilelib.php";
        return xsendfile($this->get_local_path_from_hash($contenthash));
    }
}
