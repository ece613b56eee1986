#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "draw_list.hpp"
#include "records.hpp"

namespace flux::bench {

/// The usual alternative: pages of 4 KiB that are copied when something in them changes, and for each version a root,
/// the list of its pages. The same columns, checks and rules as the ring: frames pin a version under a short mutex,
/// lookups take no lock, publishing never waits, pages are used again when no version that names them is pinned.
class CowTable {
 private:
  using Page = std::array<std::byte, 4096>;
  template <class Record>
  static constexpr std::uint32_t kPerPage = static_cast<std::uint32_t>(sizeof(Page) / sizeof(Record));
  enum Column : std::uint8_t { Hot, Parts, Cold };
  static constexpr std::size_t kColumns = 3;

  struct Version {
    std::array<std::vector<Page*>, kColumns> roots;
    std::uint32_t recordCount = 0;
    std::uint32_t pins = 0;
    std::vector<Page*> replaced;  ///< Pages that the next version does not name.
  };

 public:
  explicit CowTable(std::uint32_t blocks) : recordCount_(blocks + 1) {
    begun_ = std::make_unique<Version>();
    begun_->recordCount = recordCount_;
    addPages<HotRecord>(Hot);
    addPages<PartsRecord>(Parts);
    addPages<ColdRecord>(Cold);
    for (std::uint32_t i = 1; i <= blocks; ++i) edit(i, 1);
    publish();
  }

  void edit(std::uint32_t index, std::uint32_t version) {
    if (begun_ == nullptr) beginVersion();
    struct Edit {
      HotRecord& hot;
      PartsRecord& parts;
      ColdRecord& cold;
    };
    place(Edit{writable<HotRecord>(Hot, index), writable<PartsRecord>(Parts, index), writable<ColdRecord>(Cold, index)},
          index, version);
  }

  void publish() {
    if (begun_ == nullptr) return;
    const std::lock_guard lock(mutex_);
    versions_.push_back(std::move(begun_));
    for (auto& [column, page] : copied_) own_[column][page] = 0;
    copied_.clear();
    while (versions_.size() > 1 && versions_.front()->pins == 0) {
      Version& closed = *versions_.front();
      unusedPages_.insert(unusedPages_.end(), closed.replaced.begin(), closed.replaced.end());
      closed.replaced.clear();
      unusedVersions_.push_back(std::move(versions_.front()));
      versions_.pop_front();
    }
  }

  /// A pin on the newest version.
  class View {
   public:
    explicit View(CowTable& table) : table_(table) {
      const std::lock_guard lock(table.mutex_);
      version_ = table.versions_.back().get();
      ++version_->pins;
      hot_ = version_->roots[Hot].data();
      parts_ = version_->roots[Parts].data();
      count_ = version_->recordCount;
      chunks_ = table.chunks_.data();
    }
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    ~View() {
      const std::lock_guard lock(table_.mutex_);
      --version_->pins;
    }

   private:
    friend class CowTable;
    CowTable& table_;
    Version* version_;
    Page* const* hot_;
    Page* const* parts_;
    std::uint32_t count_;
    const ChunkInfo* chunks_;
  };
  [[nodiscard]] View begin() { return View(*this); }

  static Draw block(const View& view, const BlockHandle& handle) {
    if (handle.index >= view.count_) return {};
    const HotRecord& hot = record<HotRecord>(view.hot_, handle.index);
    if (hot.generation != handle.generation) return {};
    return {bufferOf(view, hot), hot.offsetUnits * kPlaceUnitBytes, hot.sizeUnits * kPlaceUnitBytes};
  }
  static Draw part(const View& view, const BlockHandle& handle) {
    if (handle.index >= view.count_) return {};
    const HotRecord& hot = record<HotRecord>(view.hot_, handle.index);
    if (hot.generation != handle.generation) return {};
    const PartsRecord& parts = record<PartsRecord>(view.parts_, handle.index);
    return {bufferOf(view, hot), hot.offsetUnits * kPlaceUnitBytes + parts.offsetBytes[1], parts.sizeBytes[1]};
  }

 private:
  template <class Record>
  static Record& record(Page* const* root, std::uint32_t index) {
    return reinterpret_cast<Record*>(root[index / kPerPage<Record>])[index % kPerPage<Record>];
  }
  static NativeHandle bufferOf(const View& view, const HotRecord& hot) {
    return view.chunks_[static_cast<std::uint32_t>(hot.chunk())].buffer;
  }

  template <class Record>
  void addPages(Column column) {
    const std::uint32_t pages = recordCount_ / kPerPage<Record> + 1;
    own_[column].assign(pages, 1);
    for (std::uint32_t page = 0; page < pages; ++page) {
      copied_.emplace_back(column, page);
      begun_->roots[column].push_back(takePage());
    }
  }

  void beginVersion() {
    if (unusedVersions_.empty()) unusedVersions_.push_back(std::make_unique<Version>());
    begun_ = std::move(unusedVersions_.back());
    unusedVersions_.pop_back();
    begun_->roots = versions_.back()->roots;
    begun_->recordCount = recordCount_;
  }

  template <class Record>
  Record& writable(Column column, std::uint32_t index) {
    const std::uint32_t number = index / kPerPage<Record>;
    Page*& page = begun_->roots[column][number];
    if (own_[column][number] == 0) {
      own_[column][number] = 1;
      copied_.emplace_back(column, number);
      versions_.back()->replaced.push_back(page);
      Page* copy = takePage();
      *copy = *page;
      page = copy;
    }
    return record<Record>(begun_->roots[column].data(), index);
  }

  Page* takePage() {
    if (unusedPages_.empty()) {
      pages_.push_back(std::make_unique<Page>());
      return pages_.back().get();
    }
    Page* page = unusedPages_.back();
    unusedPages_.pop_back();
    return page;
  }

  std::uint32_t recordCount_;
  std::vector<ChunkInfo> chunks_ = someChunks();
  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<Page*> unusedPages_;
  std::vector<std::unique_ptr<Version>> unusedVersions_;
  std::unique_ptr<Version> begun_;                        ///< The next version, once something has changed.
  std::array<std::vector<std::uint8_t>, kColumns> own_;   ///< Pages that the next version has to itself.
  std::vector<std::pair<Column, std::uint32_t>> copied_;  ///< The same, listed.
  std::mutex mutex_;                                      ///< Guards the pins and the list of versions.
  std::deque<std::unique_ptr<Version>> versions_;         ///< Published, oldest first.
};

}  // namespace flux::bench
